//! ringwalk takes an Apache Cassandra cluster to client TLS, and through every rotation after it, over SSH.
//!
//! The layers, lowest first. A module uses only modules that stand above it here; `tests/tidy.rs` checks it.

pub mod cli;
pub mod cluster; // the nodes of one cluster, reached and looked at together
pub mod diagnostic; // what is wrong in a file, shown as a source excerpt
pub mod engine; // makes the plan happen
pub mod facts; // what the cluster is
pub mod formats; // file formats, bytes in and bytes out
pub mod gates; // may we go on?
pub mod input; // what the operator wrote
pub mod journal; // what happened
pub mod node; // verbs on one Cassandra node
pub mod plan; // what will change, why, in what order
pub mod report; // events to people and machines
pub mod secret; // a value that cannot be printed, and where it comes from
pub mod transport; // how to reach one host // one file a command
