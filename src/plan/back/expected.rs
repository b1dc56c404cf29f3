//! A node as it is expected to be when a phase is undone.

use crate::facts::{FileFacts, NodeFacts};
use crate::formats::yaml;
use crate::plan::ports::ClientOptions;
use crate::plan::step::RestoreFile;
use crate::secret::Secret;

pub struct Projected {
    pub facts: NodeFacts,
    pub text: Secret,
}

impl Projected {
    pub fn of(seen: &NodeFacts) -> Projected {
        Projected { facts: seen.clone(), text: seen.yaml.text.clone() }
    }

    pub fn sha256(&self, path: &str) -> Option<String> {
        match path == self.facts.yaml.real_path {
            true => Some(self.facts.yaml.file.sha256.clone()),
            false => self.facts.files.get(path).cloned().flatten().map(|file| file.sha256),
        }
    }

    /// Hash and presence are what the ports are judged by; owner and mode stay those of the file that stands there.
    pub fn restore(&mut self, file: &RestoreFile) {
        let like = self.facts.yaml.file.clone();
        if file.path == self.facts.yaml.real_path {
            self.facts.yaml.file.sha256 = file.becomes.clone().unwrap_or_default();
        } else {
            let becomes = file.becomes.clone().map(|sha256| FileFacts { sha256, ..like });
            self.facts.files.insert(file.path.clone(), becomes);
        }
    }

    pub fn options(&self) -> ClientOptions {
        let root = yaml::parse(self.text.expose()).ok().flatten();
        ClientOptions::of(root.as_ref())
    }
}
