//! Several pieces of work at once, each in a thread of its own: while one waits for pods, others get on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does all of the work with so many threads, begun in its order. Returns the results in the order of the work,
/// whatever came to its end first.
pub(crate) fn map<T: Sync, R: Send>(work: &[T], threads: usize, act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(work.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = work.get(index) else { return };
                    let result = act(item);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn all_is_done_once_in_order_and_at_the_same_time() {
        // Neither comes past the barrier before the other is there.
        let barrier = Barrier::new(2);
        let both = |number: &u32| {
            barrier.wait();
            number * 10
        };
        assert_eq!(map(&[1, 2, 3, 4], 2, both), [10, 20, 30, 40]);
        assert_eq!(map(&[1, 2], 0, |number| *number), [1, 2]);
        assert!(map(&[], 3, |number: &u32| *number).is_empty());
    }
}
