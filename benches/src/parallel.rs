//! A loop over series on two threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads of [`map`]: fixed, so that run times of different machines are about the same work.
pub const THREADS: usize = 2;

/// Applies `f` to every item on [`THREADS`] threads, items taken in order; the results are in the order of the items.
///
/// # Panics
/// If `f` does.
pub fn map<T: Sync, U: Send>(items: &[T], f: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, U)>> = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        // Relaxed: the counter hands out indices and publishes nothing; the mutex and the join do that.
        while let Some((i, item)) = {
            let i = next.fetch_add(1, Ordering::Relaxed);
            items.get(i).map(|item| (i, item))
        } {
            let result = f(item);
            results.lock().expect("another thread panicked").push((i, result));
        }
    };
    thread::scope(|scope| {
        (1..THREADS).for_each(|_| {
            scope.spawn(work);
        });
        work();
    });
    let mut results = results.into_inner().expect("no thread panicked");
    results.sort_unstable_by_key(|&(i, _)| i);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_their_order() {
        let items: Vec<u64> = (0..1_000).collect();
        let squares: Vec<u64> = items.iter().map(|i| i * i).collect();
        assert_eq!(super::map(&items, |i| i * i), squares);
        assert!(super::map(&[], |i: &u64| *i).is_empty());
    }
}
