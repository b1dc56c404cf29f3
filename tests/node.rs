//! Verbs on a node, by a real shell on a machine of their own.

#[path = "node/files.rs"]
mod files;
#[path = "support/local_host.rs"]
mod local_host;
