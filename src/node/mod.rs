//! Verbs on one Cassandra node, over any `Host`.

mod answer;
pub mod audit;
pub mod clients;
pub mod cql;
pub mod files;
mod frame;
pub mod heal;
pub mod jmx;
pub mod job;
pub mod layout;
pub mod lock;
pub mod log;
pub mod nodetool;
pub mod probe;
pub mod process;
pub mod service;
mod sockets;
mod stores;
mod sudo;
pub mod wire;
