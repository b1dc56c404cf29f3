//! YAML as operators and Cassandra write it: read with the place of everything.

pub mod scalar;
mod tabs;
pub mod tree;

pub use scalar::{as_bool_1_1, as_integer_1_1, is_null};
pub use tree::{Duplicate, Entry, Node, Style, SyntaxError, Value, parse};
