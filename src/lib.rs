//! ringwalk takes an Apache Cassandra cluster to client TLS, and through every rotation after it, over SSH.
//!
//! The layers, lowest first. A module uses only modules that stand above it here; `tests/tidy.rs` checks it.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod memory; // what is freed is wiped
pub mod diagnostic; // what is wrong in a file, shown as a source excerpt
pub mod secret; // a value that cannot be printed, and where it comes from
pub mod formats; // file formats, bytes in and bytes out
pub mod pki; // a CA, and what it signs for nodes and clients
pub mod input; // what the operator wrote
pub mod facts; // what the cluster is
pub mod plan; // what will change, why, in what order
pub mod audit; // what is right and wrong with the TLS of every node
pub mod transport; // how to reach one host
pub mod node; // verbs on one Cassandra node
pub mod gates; // may we go on?
pub mod journal; // what happened
pub mod report; // events to people and machines
pub mod cluster; // the nodes of one cluster, reached and looked at together
pub mod engine; // makes the plan happen
pub mod sim; // a cluster in memory, from a seed
pub mod rehearsal; // the operator's plan, played on a copy of the cluster
pub mod cli; // one file a command
