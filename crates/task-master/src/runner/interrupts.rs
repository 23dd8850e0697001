//! Ctrl-C and SIGTERM, as something that can be asked, waited for, and handed on exactly once.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The first signal that asked this process to stop, if any. Clones share it.
///
/// Later signals change nothing: a child must see exactly one, and the grace that follows is bounded.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    shared: Arc<Shared>,
}

/// Called with the signal, at most once.
type Listener = Box<dyn FnOnce(i32) + Send>;

struct Shared {
    first: tokio::sync::watch::Sender<Option<i32>>,
    listeners: Mutex<Vec<Listener>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("first", &*self.first.borrow()).finish_non_exhaustive()
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self { first: tokio::sync::watch::Sender::new(None), listeners: Mutex::default() }
    }
}

impl Interrupts {
    /// Interrupts that come only from [`Interrupts::raise`]; signals keep their usual effect.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Catches SIGINT, SIGTERM and SIGHUP of this process from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn install() -> io::Result<Self> {
        let interrupts = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shared = interrupts.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                shared.raise(signal);
            }
        })?;
        Ok(interrupts)
    }

    /// Asks to stop, as if `signal` had come. Only the first counts.
    pub fn raise(&self, signal: i32) {
        let is_first = self.shared.first.send_if_modified(|first| {
            let was_none = first.is_none();
            first.get_or_insert(signal);
            was_none
        });
        if is_first {
            for listener in self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                listener(signal);
            }
        }
    }

    /// The signal that asked us to stop, if any has.
    #[must_use]
    pub fn received(&self) -> Option<i32> {
        *self.shared.first.borrow()
    }

    /// Waits until asked to stop; for ever if that does not happen.
    pub async fn wait(&self) -> i32 {
        let mut first = self.shared.first.subscribe();
        loop {
            if let Some(signal) = *first.borrow_and_update() {
                return signal;
            }
            if first.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Calls `listener` once: now if a signal has come already, else when one comes.
    pub(crate) fn tell(&self, listener: impl FnOnce(i32) + Send + 'static) {
        let mut listeners = self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that a signal between the question and the push is not missed.
        match self.received() {
            Some(signal) => listener(signal),
            None => listeners.push(Box::new(listener)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_counts_and_is_told_once() {
        let interrupts = Interrupts::none();
        let (sender, receiver) = std::sync::mpsc::channel();
        let early = sender.clone();
        interrupts.tell(move |signal| early.send(signal).unwrap());
        interrupts.raise(SIGINT);
        interrupts.raise(SIGTERM);
        interrupts.tell(move |signal| sender.send(signal).unwrap());
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [SIGINT, SIGINT]);
        assert_eq!(interrupts.received(), Some(SIGINT));
    }
}
