//! What the operator wrote: an inventory and a playbook, checked whole before anything is reached.

pub mod inventory;
pub mod playbook;
