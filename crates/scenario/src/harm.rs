//! What a script has taken away and not given back. A run that fails in between gives it back: the next scenario on
//! the same cluster would meet a controller that is down, or a Prometheus that hangs.

use crate::faults::{Component, Faults};

/// The components that are down or hang.
#[derive(Debug, Default)]
pub(crate) struct Harm {
    down: Vec<Component>,
    hanging: Vec<Component>,
}

impl Harm {
    /// A component was stopped or started.
    pub(crate) fn set_runs(&mut self, component: Component, runs: bool) {
        note(&mut self.down, component, !runs);
    }

    /// A component was made to hang, or to go on.
    pub(crate) fn set_hangs(&mut self, component: Component, hangs: bool) {
        note(&mut self.hanging, component, hangs);
    }

    /// Gives everything back; what cannot be is told in words.
    pub(crate) async fn mend(&mut self, faults: &dyn Faults) -> Vec<String> {
        let mut left = Vec::new();
        for component in self.hanging.drain(..) {
            left.extend(faults.hang(component, false).await.err().map(|error| error.to_string()));
        }
        for component in self.down.drain(..) {
            left.extend(faults.component(component, true).await.err().map(|error| error.to_string()));
        }
        left
    }
}

fn note(list: &mut Vec<Component>, component: Component, harmed: bool) {
    list.retain(|known| *known != component);
    if harmed {
        list.push(component);
    }
}
