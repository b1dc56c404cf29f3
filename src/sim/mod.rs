//! A cluster in memory, from a seed: a `Host` for every node, faults drawn from the seed, and the judge that watches.
//!
//! The engine, the gates, the verbs of `node` and the planner run unchanged over it. A host knows each verb by the name
//! of its script and answers in the form that the script has; TLS is spoken by rustls with the key of the store that was
//! pushed. Time is tokio's: on a paused clock hours pass in milliseconds.

mod applications;
mod cassandra;
mod copy;
mod cql;
mod data;
mod disk;
pub mod door;
mod events;
mod faults;
mod files;
mod guard;
mod heal;
mod host;
mod install;
mod job;
mod judge;
mod line;
mod lock;
mod machine;
mod nodetool;
mod operator;
mod probe;
mod random;
mod records;
mod world;

pub use copy::{Original, StoredFiles};
pub use faults::{Event, Faults, PerMille};
pub use files::File;
pub use host::SimHost;
pub use judge::Mutation;
pub use operator::{in_time, lock_or_break};
pub use random::Random;
pub use records::{Events, Kill, Records, fold};
pub use world::{NodeWish, Pace, World};
