//! YAML as operators and Cassandra write it: read with the place of everything, changed without touching anything else.

mod change;
mod edit;
mod guard;
mod insert;
mod lines;
mod quote;
mod read;
mod region;
pub mod scalar;
mod tabs;
pub mod tree;
mod verify;

pub use edit::{Edit, EditProblem, EditValue, Edited, document, edit, edited, says};
pub use quote::quoted_length;
pub use read::{find, get};
pub use scalar::{as_bool_1_1, as_integer_1_1, is_null};
pub use tree::{Duplicate, Entry, Node, Style, SyntaxError, Value, parse};
