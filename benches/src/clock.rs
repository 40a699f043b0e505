//! A stopwatch that stands still while other programs have the processor.

use std::time::Duration;
#[cfg(not(unix))]
use std::time::Instant;

/// A moment on the clock of this thread.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    #[cfg(unix)]
    worked: Duration,
    #[cfg(not(unix))]
    now: Instant,
}

impl Moment {
    /// Now. A call takes some hundred nanoseconds.
    #[must_use]
    pub fn now() -> Self {
        #[cfg(unix)]
        {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            Self { worked: Duration::new(time.tv_sec as u64, time.tv_nsec as u32) }
        }
        #[cfg(not(unix))]
        Self { now: Instant::now() }
    }

    /// Time that this thread worked since; where the system does not tell, time that passed.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        #[cfg(unix)]
        return Self::now().worked.saturating_sub(self.worked);
        #[cfg(not(unix))]
        self.now.elapsed()
    }
}
