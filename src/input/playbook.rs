use crate::secret::Secret;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionKey { Enabled, Optional, Keystore }
impl OptionKey { pub fn key(self) -> &'static str { "enabled" } }
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting { Bool(bool), Text(String) }
#[allow(unused)] type S = Secret;
