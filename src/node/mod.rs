//! Verbs on one Cassandra node, over any `Host`.

pub mod cql;
pub mod nodetool;
pub mod wire;
