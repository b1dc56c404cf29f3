//! A node as it is expected to be when a phase begins: its file, its stores, what its process is not yet.

use super::change::RestartReason;
use super::step::{PushStore, Wire};
use crate::facts::{FileFacts, NodeFacts, PortShows};
use crate::formats::yaml;
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// The node as it is expected to be when a phase begins.
pub struct Projected {
    pub text: Secret,
    /// The tree of the text.
    pub root: Option<yaml::Node>,
    /// SHA-256 by path.
    pub files: BTreeMap<String, Option<String>>,
    /// Stores that an earlier phase has put there, with owner and mode.
    pub pushed: BTreeSet<String>,
    /// Why the running process is not yet what its files say; the first restart settles it.
    pub stale: Vec<RestartReason>,
    /// What the ports showed; after a restart of this plan they have been seen to be right.
    pub shows: BTreeMap<u16, PortShows>,
    /// An earlier phase of this plan restarts the node, so its process is what its file says.
    pub restarted: bool,
}

impl Projected {
    pub fn of(facts: &NodeFacts, root: Option<yaml::Node>) -> Projected {
        let sha256 = |file: &Option<FileFacts>| file.as_ref().map(|file| file.sha256.clone());
        let mut stale = Vec::new();
        stale.extend(facts.owed.clone().map(|run| RestartReason::Owed { run }));
        stale.extend(facts.process.is_none().then_some(RestartReason::NotRunning));
        Projected {
            text: facts.yaml.text.clone(),
            root,
            files: facts.files.iter().map(|(path, file)| (path.clone(), sha256(file))).collect(),
            pushed: BTreeSet::new(),
            stale,
            shows: facts.shows.clone(),
            restarted: false,
        }
    }

    pub fn becomes(&mut self, text: Secret, pushes: &[PushStore], restarts: bool, wires: &[Wire]) {
        self.text = text;
        self.files.extend(pushes.iter().map(|push| (push.path.clone(), Some(push.becomes.clone()))));
        self.pushed.extend(pushes.iter().map(|push| push.path.clone()));
        if restarts {
            self.stale.clear();
            self.shows.clear();
            self.restarted = true;
        }
        // What is reloaded is seen to be served before the node's next phase.
        for wire in wires {
            if let Some(shows) = self.shows.get_mut(&wire.port) {
                shows.certificate.clone_from(&wire.certificate);
                shows.issuers.extend(wire.issuers.iter().cloned());
            }
        }
    }
}
