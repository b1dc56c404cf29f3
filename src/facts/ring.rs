<<<<<<< HEAD
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepAvailable { One, LocalQuorum, Quorum }
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ring {}
=======

>>>>>>> formats
