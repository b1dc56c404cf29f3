//! One step, carried out on its node. Every step may be carried out again: what is done already is found done.

mod act;
mod heal;
mod holds;
mod noted;
mod pause;
mod reload;
mod restart;
mod restore;
mod together;

use super::answers::Answers;
use super::{Perform, Permission, ProgressSender};
use crate::cluster::survey::chain;
use crate::cluster::views::{Looks, Observers};
use crate::cluster::{Cluster, Node};
use crate::facts::{Facts, NodeFacts};
use crate::formats::yaml;
use crate::journal::event::{Kept, Outcome};
use crate::journal::state::RunState;
use crate::node::files::{self, Expect, FileError, Replace, Replaced};
use crate::plan::change::{edits, sha256_hex};
use crate::plan::material::Material;
use crate::plan::step::{EditYaml, PushStore, Step};
use crate::plan::{PlannedStep, StepId};
use crate::transport::Stdin;
use async_trait::async_trait;
use noted::Noted;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use together::Together;
use zeroize::Zeroizing;

/// Carries out the steps of one run on the real nodes.
pub struct Performer {
    pub run: String,
    pub cluster: Arc<Cluster>,
    pub facts: Arc<Facts>,
    pub material: Arc<Material>,
    observers: Arc<Observers>,
    together: Together,
    permission: Arc<dyn Permission>,
    answers: Answers,
    /// Pauses that were passed before: nobody is asked twice.
    passed: Mutex<BTreeSet<StepId>>,
    /// The pause at which the run was resumed.
    resumed_at: Option<StepId>,
    /// By restart: what it may take back on its node by itself.
    written: BTreeMap<StepId, Vec<heal::Written>>,
    /// By step: how often it was begun in vain.
    tries: BTreeMap<StepId, u32>,
    /// By node: what its earlier steps leave for its later ones.
    noted: Mutex<BTreeMap<String, Noted>>,
    /// What observers said when the last node was found healthy, or for the plan.
    recent: Mutex<Option<Looks>>,
}

/// How a step went wrong, in the operator's words.
struct Failure {
    why: String,
    help: String,
    log: Vec<String>,
    /// The step has left its node as it was.
    unchanged: bool,
}

impl Failure {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure { why: why.into(), help: help.into(), log: Vec::new(), unchanged: false }
    }

    /// The same of a step that had not begun to act, or whose act was refused whole.
    fn unchanged(self) -> Failure {
        Failure { unchanged: true, ..self }
    }
}

#[async_trait]
impl Perform for Performer {
    fn keeps(&self, step: &PlannedStep) -> Option<Kept> {
        let (path, was) = match &step.step {
            Step::PushStore(push) => (&push.path, push.was.clone()),
            Step::EditYaml(edit) => (&edit.path, Some(edit.was.clone())),
            Step::RestoreFile(restore) => (&restore.path, restore.was.clone()),
            Step::Hold(_) | Step::Restart(_) | Step::Reload(_) | Step::Confirm | Step::Pause(_) => {
                return None;
            }
        };
        let backup = self.backup(&step.node, path, was.as_deref());
        Some(Kept { path: path.clone(), backup, sha256: was })
    }

    async fn perform(&self, id: StepId, step: &PlannedStep, progress: ProgressSender) -> Outcome {
        if let Step::Pause(pause) = &step.step {
            return self.pause(id, pause, &progress).await;
        }
        let (Some(node), Some(seen)) = (self.cluster.node(&step.node), self.facts.node(&step.node)) else {
            return Outcome::Failed {
                why: format!("`{}` is in the plan and not in the inventory", step.node),
                help: "run `ringwalk plan` again".into(),
                log: Vec::new(),
                unchanged: true,
            };
        };
        let at = Place { run: self, node, seen, wave: step.wave };
        let done = at.perform(id, &step.step, &progress).await;
        match done {
            Ok(seen) => Outcome::Done { seen },
            Err(Failure { why, help, log, unchanged }) => Outcome::Failed { why, help, log, unchanged },
        }
    }
}

impl Performer {
    /// For a run as it stands: what its earlier steps left for the later ones is read from its state, or looked up on
    /// the node when it is needed.
    pub fn of(
        state: &RunState,
        cluster: Arc<Cluster>,
        facts: Arc<Facts>,
        material: Arc<Material>,
        permission: Arc<dyn Permission>,
    ) -> Performer {
        let nodes = state.plan.nodes().into_iter();
        let tried = state.tries.iter().copied().enumerate();
        Performer {
            run: state.run.clone(),
            observers: Arc::new(Observers::of(&cluster, &facts)),
            together: together::together(&state.plan, &cluster, &facts),
            cluster,
            facts,
            material,
            permission,
            answers: Answers::default(),
            passed: Mutex::new(state.passed.clone()),
            resumed_at: None,
            written: heal::written(&state.plan),
            tries: tried.filter(|(_, tries)| *tries > 0).collect(),
            noted: Mutex::new(nodes.map(|node| (node.to_owned(), Noted::of(state, node))).collect()),
            recent: Mutex::default(),
        }
    }

    /// With what the operator has said, and the pause at which the run was resumed.
    pub fn told(self, answers: Answers, resumed_at: Option<StepId>) -> Performer {
        Performer { answers, resumed_at, ..self }
    }

    /// With what observers said a moment ago.
    pub fn remembering(self, looks: Option<Looks>) -> Performer {
        Performer { recent: Mutex::new(looks), ..self }
    }

    /// Where the old file is kept: a name per content, so that a second edit in one run keeps the first one's too.
    fn backup(&self, node: &str, path: &str, was: Option<&str>) -> String {
        let state_dir = self.facts.node(node).map_or("/var/lib/ringwalk", |seen| &seen.state_dir);
        let content = was.and_then(|sha256| sha256.get(..12)).unwrap_or("absent");
        format!(
            "{state_dir}/runs/{}/backup/{}.{content}",
            self.run,
            path.trim_start_matches('/').replace('/', "_")
        )
    }

    fn recent(&self) -> MutexGuard<'_, Option<Looks>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passed(&self) -> MutexGuard<'_, BTreeSet<StepId>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn noted(&self, node: &str) -> Noted {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(node).cloned().unwrap_or_default()
    }

    fn note(&self, node: &str, note: impl FnOnce(&mut Noted)) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        note(noted.entry(node.to_owned()).or_default());
    }
}

/// A step's node.
struct Place<'a> {
    run: &'a Performer,
    node: &'a Node,
    seen: &'a NodeFacts,
    wave: usize,
}

impl Place<'_> {
    async fn push(&self, push: &PushStore) -> Result<String, Failure> {
        let Some(local) = self.run.material.store_with(&push.becomes, &self.node.name, push.store) else {
            return Err(Failure::new(
                format!("the {} for this node was not read", push.store),
                "run `ringwalk plan` again",
            )
            .unchanged());
        };
        let replace = Replace {
            path: push.path.clone(),
            bytes: Stdin(local.bytes.clone()),
            owner: Some(push.owner.clone()),
            mode: Some(push.mode),
            expect: push.was.clone().map_or(Expect::Absent, Expect::Sha256),
            becomes: push.becomes.clone(),
            backup: Some(self.run.backup(&self.node.name, &push.path, push.was.as_deref())),
            access_list: None,
        };
        self.replace(&replace).await
    }

    async fn edit(&self, edit: &EditYaml) -> Result<String, Failure> {
        let text = self.read_yaml(edit).await?;
        if sha256_hex(&text) == edit.becomes {
            self.wrote(&edit.path, &edit.becomes);
            return Ok("it was done already".into());
        }
        let edits = edits(&edit.set, &self.run.material)
            .map_err(|why| Failure::new(why, "run `ringwalk plan` again").unchanged())?;
        let edited = yaml::edit(&text, &edits).map_err(|problems| {
            let problems: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            Failure::new(
                format!("cannot edit {}: {}", edit.path, problems.join("; ")),
                "run `ringwalk plan` again",
            )
            .unchanged()
        })?;
        let replace = Replace {
            path: edit.path.clone(),
            bytes: Stdin(Zeroizing::new(edited)),
            owner: None,
            mode: None,
            expect: Expect::Sha256(edit.was.clone()),
            becomes: edit.becomes.clone(),
            backup: Some(self.run.backup(&self.node.name, &edit.path, Some(&edit.was))),
            access_list: None,
        };
        self.replace(&replace).await
    }

    /// The file's bytes, if it is what the plan saw or what this step makes of it.
    async fn read_yaml(&self, edit: &EditYaml) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let text = files::read(self.node.host.as_ref(), &edit.path).await;
        let text = text.map_err(|error| of_file(error).unchanged())?;
        let found = sha256_hex(&text);
        if found != edit.was && found != edit.becomes {
            return Err(Failure::new(
                format!("cannot edit `{}`: changed since the plan was made", edit.path),
                "run `ringwalk plan` again",
            )
            .unchanged());
        }
        Ok(Zeroizing::new(text))
    }

    async fn replace(&self, replace: &Replace) -> Result<String, Failure> {
        let host = self.node.host.as_ref();
        let is_first = !self.run.noted(&self.node.name).owes;
        if is_first {
            files::owe(host, &self.seen.state_dir, &self.run.run).await.map_err(|error| {
                let may_bear_the_mark = may_have_been_replaced(&error);
                let failure = of_file(error);
                if may_bear_the_mark { failure } else { failure.unchanged() }
            })?;
            self.run.note(&self.node.name, |noted| noted.owes = true);
        }
        let replaced = match files::replace(host, replace).await {
            Ok(replaced) => replaced,
            Err(error) => {
                let refused_whole = !may_have_been_replaced(&error);
                let as_it_was = refused_whole && (!is_first || self.owes_nothing().await);
                let failure = of_file(error);
                return Err(if as_it_was { failure.unchanged() } else { failure });
            }
        };
        if replace.becomes == files::ABSENT {
            self.run.note(&self.node.name, |noted| drop(noted.written.remove(&replace.path)));
            return Ok(format!("{} is gone, as before", replace.path));
        }
        self.wrote(&replace.path, &replace.becomes);
        match replaced {
            Replaced::Now => Ok(format!("{} has SHA-256 {}", replace.path, &replace.becomes[..16])),
            Replaced::Already => Ok("it was done already".into()),
        }
    }

    /// A run whose first file was refused has changed nothing, and the node need not be restarted for it. Whether the
    /// node is without this run's mark again.
    async fn owes_nothing(&self) -> bool {
        // Marked before this run, it owes a look still.
        if self.seen.owed.is_some() {
            return true;
        }
        // If this fails too, a later plan asks for one restart too many.
        let (host, run) = (self.node.host.as_ref(), &self.run.run);
        let taken_off = files::confirm(host, &self.seen.state_dir, run, None).await.is_ok();
        self.run.note(&self.node.name, |noted| noted.owes = false);
        taken_off
    }

    fn wrote(&self, path: &str, sha256: &str) {
        self.run.note(&self.node.name, |noted| {
            noted.written.insert(path.to_owned(), sha256.to_owned());
        });
    }

    async fn confirm(&self) -> Result<String, Failure> {
        let (host, owed) = (self.node.host.as_ref(), self.seen.owed.as_deref());
        files::confirm(host, &self.seen.state_dir, &self.run.run, owed).await.map_err(of_file)?;
        // The next phase owes the node a look of its own.
        self.run.note(&self.node.name, |noted| (noted.owes, noted.restarted) = (false, None));
        Ok("healthy".into())
    }
}

/// Whether the answer that would say so was lost or not understood.
fn may_have_been_replaced(error: &FileError) -> bool {
    match error {
        FileError::Host(_) | FileError::Unexpected { .. } => true,
        FileError::NoPrivilege { .. }
        | FileError::Absent { .. }
        | FileError::Unreadable { .. }
        | FileError::TooLarge { .. }
        | FileError::NotAFile { .. }
        | FileError::Changed { .. }
        | FileError::DiskFull { .. }
        | FileError::ReadOnly { .. }
        | FileError::DiskFailed { .. }
        | FileError::Denied { .. }
        | FileError::OwnerRefused { .. }
        | FileError::NoSuchAccount { .. }
        | FileError::Garbled { .. }
        | FileError::Marked { .. }
        | FileError::MissingTool { .. } => false,
    }
}

fn of_file(error: FileError) -> Failure {
    Failure::new(chain(&error), error.help())
}
