//! New contents of stores, taken up by the running process; or the old stores put back where it refused them.

use super::{Failure, Place, of_file};
use crate::cluster::survey::chain;
use crate::node::files::{self, Expect, Replace};
use crate::node::{log, nodetool};
use crate::plan::step::{PushStore, Reload, StoreName};
use crate::transport::Stdin;
use std::collections::BTreeSet;

impl Place<'_> {
    /// The exit code of `reloadssl` proves nothing from 4.1.4 on, where a refusal is only logged; before, it is not
    /// logged and shows in the exit code (measured). What the wire serves is asked by the hold after this.
    pub(super) async fn reload(&self, reload: &Reload) -> Result<String, Failure> {
        let before = self.refusals().await?;
        // The hold after this sees a new certificate; a new truststore shows nowhere but in the log.
        let is_shown = reload.stores.iter().any(|push| push.store == StoreName::Keystore);
        if before.is_none() && !is_shown && !reload.stores.is_empty() {
            let log_dir = &self.seen.layout.log_dir;
            let why = format!(
                "{} was not asked to reload its truststore: there is no system.log in {log_dir}, which alone tells whether it takes it up",
                self.node.name
            );
            let way_out = format!(
                "have Cassandra log to {log_dir}/system.log, or write `restart: always` in the phase, so that it is restarted for it"
            );
            return Err(self.put_back(reload, &why, Vec::new(), &way_out).await);
        }
        let command = nodetool::command(&self.node.nodetool(self.seen), &["reloadssl"]);
        let output = self.node.host.run(&command).await.map_err(|error| self.is_not_known(&chain(&error)))?;
        let refused = match nodetool::answer(&output) {
            Err(error) => Some((format!("`nodetool reloadssl` failed: {}", error.in_full()), Vec::new())),
            Ok(_) => {
                let (before, now) = (before.unwrap_or_default(), self.refusals().await?.unwrap_or_default());
                let lines: Vec<String> = now.difference(&before).cloned().collect();
                let why = "its log says that it could not reload them".to_owned();
                (!lines.is_empty()).then_some((why, lines))
            }
        };
        match refused {
            None => Ok("taken up".into()),
            Some((why, lines)) => {
                let why = format!("{} refused the new stores: {why}", self.node.name);
                let way_out = "mend the store (its password must be the one in cassandra.yaml)";
                Err(self.put_back(reload, &why, lines, way_out).await)
            }
        }
    }

    async fn refusals(&self) -> Result<Option<BTreeSet<String>>, Failure> {
        let found = log::failed_reloads(self.node.host.as_ref(), &self.seen.layout.log_dir).await;
        found.map_err(|error| self.is_not_known(&chain(&error)))
    }

    /// The process may have taken up the new stores, so that the old ones cannot be put back beneath it.
    fn is_not_known(&self, why: &str) -> Failure {
        let help = format!(
            "the new stores are in place on {}, and it serves them or the old ones; see that `ssh NODE true` works, \
             then run `ringwalk resume`, which has it reload them again",
            self.node.name
        );
        Failure::new(format!("cannot tell whether the stores were reloaded: {why}"), help)
    }

    /// A store that the process refuses would keep it from its next start.
    async fn put_back(&self, reload: &Reload, why: &str, log: Vec<String>, way_out: &str) -> Failure {
        let name = &self.node.name;
        let mut failure = Failure { log, ..Failure::new(why, String::new()) };
        // The stores are those of before a run, which is taken back.
        if reload.stores.is_empty() {
            failure.help = format!(
                "{name} serves on with what it has loaded, and its files are as before the run: restart it when its \
                 peers are up, or see its log in {}",
                self.seen.layout.log_dir
            );
            return failure;
        }
        for push in &reload.stores {
            if let Err(cause) = self.put_back_store(push).await {
                failure.help = format!(
                    "{name} serves its old certificate still, and {} could not be put back ({}): put it back from \
                     {}/runs/{}/backup before {name} restarts, then run `ringwalk plan` again",
                    push.path, cause.why, self.seen.state_dir, self.run.run
                );
                return failure;
            }
        }
        failure.help = format!(
            "{name} serves its old certificate still and its old stores are back in place, so nothing changed there; \
             {way_out}, then run `ringwalk plan` again"
        );
        // Marked before this run, it owes a look still.
        if self.seen.owed.is_none()
            && files::confirm(self.node.host.as_ref(), &self.seen.state_dir, &self.run.run, None)
                .await
                .is_ok()
        {
            self.run.note(name, |noted| noted.owes = false);
        }
        failure
    }

    async fn put_back_store(&self, push: &PushStore) -> Result<(), Failure> {
        let Some(was) = &push.was else { return Ok(()) };
        let backup = self.run.backup(&self.node.name, &push.path, Some(was));
        let copy = self.copy(&backup, was, &push.path).await?;
        let replace = Replace {
            path: push.path.clone(),
            bytes: Stdin(copy),
            becomes: was.clone(),
            expect: Expect::Sha256(push.becomes.clone()),
            owner: None,
            mode: None,
            backup: None,
            access_list: None,
        };
        let replace = self.with_attributes(replace, &backup).await?;
        files::replace(self.node.host.as_ref(), &replace).await.map_err(of_file)?;
        Ok(())
    }
}
