//! Verbs on a node, by a real shell on a machine of their own.

#[path = "node/clients.rs"]
mod clients;
#[path = "node/files.rs"]
mod files;
#[path = "node/heals.rs"]
mod heals;
#[path = "node/jobs.rs"]
mod jobs;
#[path = "support/local_host.rs"]
mod local_host;
#[path = "node/locks.rs"]
mod locks;
#[path = "node/mounts.rs"]
mod mounts;
#[path = "node/probes.rs"]
mod probes;
