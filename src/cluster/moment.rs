//! When something was, for answers that hold only for a while.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// By a clock that goes on while this machine sleeps, and by one that nobody sets.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub fn now() -> Moment {
        Moment { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// By whichever clock more time has passed; one that was set back says nothing.
    pub fn age(&self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}
