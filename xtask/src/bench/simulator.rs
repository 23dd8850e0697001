//! How fast the simulator is: the shipped canary with its analyses, from one version to the next, alone and in crowds.

use std::time::Duration;

use super::binary;
use super::figure::Figure;
use crate::run::{self, Error};

/// A thousand are only tried when a hundred took no longer than this. Otherwise the bound is missed by far, and it
/// would take minutes to say by how much.
const WORTH_TRYING: Duration = Duration::from_secs(2);

/// Three figures: one canary, a thousand in one cluster, and how the cost grows from a hundred to a thousand. The
/// second is a hundred times ten, and the third absent, where a thousand are not worth trying.
///
/// # Errors
/// When the example fails, or does not say what was asked.
pub(crate) fn figures() -> Result<Vec<Figure>, Error> {
    let (one, hundred) = (updates("1")?, updates("100")?);
    let alone = Figure::at_most("the PRD's canary on the simulator", one, Duration::from_millis(5));
    let bound = Duration::from_secs(5);
    if hundred > WORTH_TRYING {
        let guessed = Figure::at_most("1,000 of them, if ten times 100", hundred * 10, bound);
        return Ok(vec![alone, guessed.beside("100 of them", hundred)]);
    }
    let thousand = updates("1000")?;
    Ok(vec![
        alone,
        Figure::at_most("1,000 of them in one cluster", thousand, bound)
            .beside("a thousand times one", one * 1000),
        Figure::at_most("1,000 of them, growth", thousand, hundred * 12).beside("100 of them", hundred),
    ])
}

/// How long so many updates in one cluster take.
fn updates(crowd: &str) -> Result<Duration, Error> {
    let answer = run::read(run::command(binary("examples/canaries")).arg(crowd))?;
    let answer = run::json("canaries", answer.as_bytes())?;
    let seconds = answer[crowd].as_f64();
    let seconds = seconds.ok_or_else(|| Error::Found(format!("canaries says nothing of {crowd}")))?;
    Ok(Duration::from_secs_f64(seconds))
}
