//! What time it is, for plans that may begin nodes at certain times only.

use super::answers::Patience;
use super::next::Window;
use crate::plan::Plan;
use jiff::Timestamp;

#[derive(Clone, Copy)]
pub struct Clock {
    /// Whether the run waits for its window to open.
    pub patience: Patience,
    pub now: fn() -> Timestamp,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { patience: Patience::Waits, now: Timestamp::now }
    }
}

impl Clock {
    pub(super) fn window(&self, plan: &Plan) -> Window {
        match &plan.conduct.window {
            Some(window) if !window.is_open((self.now)()) => Window::Closed,
            Some(_) | None => Window::Open,
        }
    }

    /// `None`: the plan has no window.
    pub(super) fn opens_at(&self, plan: &Plan) -> Option<Timestamp> {
        plan.conduct.window.as_ref().map(|window| window.opens_at((self.now)()))
    }
}
