//! The states that a script waits for.

use crate::script::{AnalysisKind, Condition};
use crate::words::{ParseError, Words};

/// What follows `wait`, up to its bound.
pub(super) fn condition(words: &mut Words<'_>) -> Result<Condition, ParseError> {
    const STATES: &str = "expected a state: healthy, paused, degraded, progressing, SERVICE selects REVISION, \
                          scaled REVISION to PODS, scaled-down REVISION, unready REVISION, \
                          crash-looping REVISION after N restarts, weight PERCENT, step INDEX, synced COMMIT, \
                          out-of-sync, application HEALTH, or \
                          pre-promotion|post-promotion|step-analysis|background PHASE";
    let first = words.next(STATES)?;
    let phase = |phase: &str, words: &mut Words<'_>| Condition::Phase {
        phase: phase.to_owned(),
        message: words.before_within().to_owned(),
    };
    Ok(match first.text {
        "healthy" => phase("Healthy", words),
        "paused" => phase("Paused", words),
        "degraded" => phase("Degraded", words),
        "progressing" => phase("Progressing", words),
        "scaled" => {
            let revision = words.revision()?;
            words.keyword("to")?;
            let number = words.next("a number of pods")?;
            let pods = number.text.parse().map_err(|_| number.error("expected a number of pods"))?;
            Condition::Scaled { revision, pods }
        }
        "scaled-down" => Condition::ScaledDown { revision: words.revision()? },
        "unready" => Condition::Unready { revision: words.revision()? },
        "crash-looping" => {
            let revision = words.revision()?;
            words.keyword("after")?;
            let number = words.next("a number of restarts")?;
            let Ok(restarts) = number.text.parse() else {
                return Err(number.error("expected a number of restarts"));
            };
            words.keyword("restarts")?;
            Condition::CrashLooping { revision, restarts }
        }
        "weight" | "step" => {
            let number = words.next("a number")?;
            let Ok(read) = number.text.parse() else { return Err(number.error("expected a number")) };
            if first.text == "weight" { Condition::Weight(read) } else { Condition::Step(read.into()) }
        }
        "synced" => Condition::Synced { commit: words.commit()? },
        "out-of-sync" => Condition::OutOfSync,
        "application" => {
            let health = words.next("a health")?;
            match health.text {
                "Healthy" | "Progressing" | "Suspended" | "Degraded" | "Missing" => {
                    Condition::Health(health.text.to_owned())
                }
                _ => {
                    return Err(health.error("expected Healthy, Progressing, Suspended, Degraded or Missing"));
                }
            }
        }
        "pre-promotion" | "post-promotion" | "step-analysis" | "background" => {
            let kind = match first.text {
                "pre-promotion" => AnalysisKind::PrePromotion,
                "post-promotion" => AnalysisKind::PostPromotion,
                "step-analysis" => AnalysisKind::Step,
                _ => AnalysisKind::Background,
            };
            let phase = words.next("a phase")?;
            match phase.text {
                "Running" | "Successful" | "Failed" | "Error" | "Inconclusive" => {
                    Condition::Analysis { kind, phase: phase.text.to_owned() }
                }
                _ => return Err(phase.error("expected Running, Successful, Failed, Error or Inconclusive")),
            }
        }
        service => {
            match words.optional() {
                Some(word) if word.text == "selects" => {}
                _ => return Err(first.error(STATES)),
            }
            Condition::Selects { service: service.to_owned(), revision: words.revision()? }
        }
    })
}
