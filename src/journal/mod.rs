//! What happened: step events on disk, in order, and the state they fold into.

pub mod event;
pub mod file;
pub mod record;
pub mod rollback;
pub mod runs;
pub mod state;
