//! A cluster in memory, from a seed: a `Host` for every node, faults drawn from the seed, and the judge that watches.
//!
//! The engine, the gates, the verbs of `node` and the planner run unchanged over it. A host knows each verb by the name
//! of its script and answers in the form that the script has; TLS is spoken by rustls with the key of the store that was
//! pushed. Time is tokio's: on a paused clock hours pass in milliseconds.

mod cassandra;
mod cql;
mod disk;
pub mod door;
mod events;
mod faults;
mod files;
mod host;
mod job;
mod judge;
mod line;
mod lock;
mod nodetool;
mod probe;
mod random;
mod world;

pub use faults::{Event, Faults, PerMille};
pub use files::File;
pub use host::SimHost;
pub use judge::Mutation;
pub use random::Random;
pub use world::{NodeWish, World};
