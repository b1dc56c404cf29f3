//! What the cluster is: each node as a probe saw it, and the ring they form.

pub mod placement;
pub mod ring;
