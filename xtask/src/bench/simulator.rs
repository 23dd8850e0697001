//! How fast the simulator is: the shipped canary with its analyses, from one version to the next, alone and in crowds.

use std::time::Duration;

use super::binary;
use super::figure::Figure;
use crate::run::{self, Error};

const CROWDS: [&str; 3] = ["1", "100", "1000"];

/// Three figures: one canary, a thousand in one cluster, and how the cost grows from a hundred to a thousand.
///
/// # Errors
/// When the example fails, or does not say what was asked.
pub(crate) fn figures() -> Result<Vec<Figure>, Error> {
    let answer = run::read(run::command(binary("examples/canaries")).args(CROWDS))?;
    let answer: serde_json::Value = serde_json::from_str(answer.trim())
        .map_err(|error| Error::Found(format!("canaries did not answer in JSON: {error}")))?;
    let took = |crowd: &str| {
        let seconds = answer[crowd].as_f64();
        let seconds = seconds.ok_or_else(|| Error::Found(format!("canaries says nothing of {crowd}")))?;
        Ok::<_, Error>(Duration::from_secs_f64(seconds))
    };
    let (one, hundred, thousand) = (took("1")?, took("100")?, took("1000")?);
    Ok(vec![
        Figure::at_most("the PRD's canary on the simulator", one, Duration::from_millis(5)),
        Figure::at_most("1,000 of them in one cluster", thousand, Duration::from_secs(5))
            .beside("a thousand times one", one * 1000),
        Figure::at_most("1,000 of them, growth", thousand, hundred * 12).beside("100 of them", hundred),
    ])
}
