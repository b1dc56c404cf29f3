//! Makes the plan happen: decide, record, perform, record.

pub mod next;
