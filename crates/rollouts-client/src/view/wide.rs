//! The view as text with what decides where traffic goes: steps, weights, Services, selector.

use std::fmt;

use super::{RolloutView, columns, tree};

/// A [`RolloutView`] whose `Display` says more, as `-o wide` asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wide<'a>(pub(super) &'a RolloutView);

impl fmt::Display for Wide<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.0;
        tree::write(view, f)?;
        let selector = if view.selector.is_empty() { "-" } else { &view.selector };
        writeln!(f, "\nSelector:        {selector}")?;
        if !view.services.is_empty() {
            writeln!(f, "\n{}", services(view)?.trim_end())?;
        }
        if !view.steps.is_empty() {
            writeln!(f, "\n{}", steps(view)?.trim_end())?;
        }
        Ok(())
    }
}

fn services(view: &RolloutView) -> Result<String, fmt::Error> {
    let mut rows = vec![["SERVICE", "ROLE", "REVISION", "WEIGHT", "SELECTS"].map(str::to_owned)];
    for service in &view.services {
        rows.push([
            service.name.clone(),
            service.role.to_string(),
            service.revision.map_or_else(|| "-".to_owned(), |revision| revision.to_string()),
            service.weight.map_or_else(|| "-".to_owned(), |weight| weight.to_string()),
            service.selects.clone().unwrap_or_else(|| "every version".to_owned()),
        ]);
    }
    let mut text = String::new();
    columns::write(&rows, &mut text)?;
    Ok(text)
}

/// The steps, with a mark at the one that runs. All done marks none.
fn steps(view: &RolloutView) -> Result<String, fmt::Error> {
    let running = view.canary.as_ref().and_then(|canary| canary.step).map(|(index, _)| index);
    let mut rows = vec![["STEP", "WHAT", ""].map(str::to_owned)];
    for (index, step) in view.steps.iter().enumerate() {
        let state = match running {
            Some(running) if usize::try_from(running).is_ok_and(|running| running == index) => "◌ runs",
            Some(running) if usize::try_from(running).is_ok_and(|running| running > index) => "✔",
            _ => "",
        };
        rows.push([index.to_string(), step.clone(), state.to_owned()]);
    }
    let mut text = String::new();
    columns::write(&rows, &mut text)?;
    Ok(text)
}
