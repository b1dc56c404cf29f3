//! What was typed.

use crate::report::Color;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Takes an Apache Cassandra cluster to client TLS, and through every rotation after it, over SSH, one safe wave at a
/// time.
///
/// A run begins with two files: an inventory (which nodes, and how to reach them) and a playbook (what the cluster
/// should be). `check` and `plan` change nothing; `apply` shows its plan and asks before it begins.
#[derive(Debug, Parser)]
#[command(name = "ringwalk", version, max_term_width = 100, propagate_version = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

// No line is longer than a narrow terminal: wrapped ones would lose their columns.
const EXAMPLES: &str = "\
A first time, with files like those in inventories/ and playbooks/:
  ringwalk check -i INVENTORY -p PLAYBOOK   can it all be reached, is it fit?
  ringwalk plan -i … -p … --out plan.json   what would change, and why
  ringwalk rehearse plan.json               how long, what may fail, what then
  ringwalk apply plan.json                  exactly that, or not at all
  ringwalk runs                             which runs there were
  ringwalk show RUN                         what happened in one

Exit codes:
  0    done, or nothing to do
  1    stopped, and the cluster is as before
  2    bad input, or a cluster that cannot be reached or is not fit
  3    stopped midway: some nodes are changed, some are not
  4    waiting for clients, for a yes or for its window; `resume` goes on
  10   plan: there are changes
  11   audit: there are findings
  12   rehearse: the plan does not come to its end, or a rule would be broken
  130  interrupted";

const APPLY: &str = "\
Ctrl-C once: the node in work is brought to its end, and no other is begun.
Twice: leaves at once; a restart that was begun goes on on its node.";

const REHEARSE: &str = "\
The nodes are looked at as `plan` does, and their stores are read; all else happens in memory, in its own time.
Exit code 0 if every rehearsal came to its end or stopped safely and went on; 12 otherwise; 2 as `plan`.";

const AUDIT: &str = "\
Exit code 11 on a finding of severity error or warning, 0 without one.
From cron, for node_exporter:
  ringwalk audit -i orders.yaml --output prometheus --out /var/lib/node_exporter/orders.prom";

const COMPLETIONS: &str = "\
For this shell only:
  source <(ringwalk completions bash)
For good:
  ringwalk completions bash >~/.local/share/bash-completion/completions/ringwalk";

#[derive(Debug, Args)]
pub struct Global {
    /// The file that names the cluster's nodes and how to reach them
    #[arg(short, long, global = true, value_name = "FILE", env = "RINGWALK_INVENTORY")]
    pub inventory: Option<PathBuf>,
    /// The file that says what the cluster should be
    #[arg(short, long, global = true, value_name = "FILE", env = "RINGWALK_PLAYBOOK")]
    pub playbook: Option<PathBuf>,
    /// text for people, json for programs (apply and show: one event a line, see docs/events.md); audit: prometheus
    #[arg(long = "output", global = true, value_enum, default_value = "text", value_name = "OUTPUT")]
    pub form: Form,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorWhen,
    /// Where runs are kept on this machine [default: ringwalk/runs in $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, global = true, value_name = "DIR", env = "RINGWALK_RUNS")]
    pub runs_dir: Option<PathBuf>,
    /// Say more: on stderr -v what is done, -vv every command (never a secret); in a plan every wave and node
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// For a command that has these two.
    pub fn output(&self) -> OutputForm {
        match self.form {
            Form::Json => OutputForm::Json,
            Form::Text | Form::Prometheus => OutputForm::Text,
        }
    }
}

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Json,
    /// For a textfile collector; of `audit` only
    Prometheus,
}

/// What every command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputForm {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

impl From<ColorWhen> for Color {
    fn from(when: ColorWhen) -> Color {
        match when {
            ColorWhen::Auto => Color::Auto,
            ColorWhen::Always => Color::Always,
            ColorWhen::Never => Color::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at everything, change nothing: files, SSH, privilege, layout, stores, ring
    Check(CheckArguments),
    /// Show what would change and why, node by node, and what makes the order safe; change nothing
    Plan(PlanArguments),
    /// Play the plan on a simulated copy of the cluster, with faults: how long, what fails, what then; touch nothing
    #[command(after_help = REHEARSE)]
    Rehearse(RehearseArguments),
    /// Make it so: the plan that is shown, or a saved one if nothing has moved on since; asks first
    #[command(after_help = APPLY)]
    Apply(ApplyArguments),
    /// Go on with a run that was stopped, killed or left; what failed is tried again; asks first
    Resume(ResumeArguments),
    /// Take a run back: every file as it was before, in the same waves under the same gates; asks first
    Rollback(RunArguments),
    /// Look at the TLS of every node, on the wire and in its files, and say what is wrong; change nothing
    #[command(after_help = AUDIT)]
    Audit(AuditArguments),
    /// Show who is connected to each node, from where, with which driver, in TLS or in plaintext; change nothing
    Clients(ClientsArguments),
    /// Show who holds the cluster's nodes, or take the lock away from a run that is over
    Lock(LockArguments),
    /// List the runs on this machine
    Runs,
    /// Show a run again, as it was reported
    Show {
        /// A run's id, or its beginning [default: the latest]
        run: Option<String>,
    },
    /// See the main job done, in seconds, on nodes that are simulated in this process; nothing else is touched
    Demo(DemoArguments),
    /// Make a CA, keystores for nodes and bundles for clients; look into stores
    Stores {
        #[command(subcommand)]
        command: super::stores::arguments::StoresCommand,
    },
    /// Print the JSON Schema of an inventory or a playbook, for an editor to check against
    Schema {
        /// Of which of the two files
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub accept: AcceptArguments,
}

/// What is known to be wrong and gone on with.
#[derive(Debug, Args)]
pub struct AcceptArguments {
    /// Go on with stores of a CA that has ended: what breaks by that is a warning then, instead of a refusal
    #[arg(long)]
    pub accept_expired_ca: bool,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Save the plan: hashes, no secrets. `apply FILE` carries out exactly it, or refuses
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub accept: AcceptArguments,
}

#[derive(Debug, Args)]
pub struct AuditArguments {
    /// Write it there instead of to standard output; the file is replaced whole
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RehearseArguments {
    /// A plan that `plan --out` saved [default: plan now]
    pub plan: Option<PathBuf>,
    /// So many rehearsals under faults, those of seeds 1, 2, 3, …; 0: without faults alone
    #[arg(long, value_name = "NUMBER", default_value_t = 20, conflicts_with = "seed")]
    pub seeds: u64,
    /// One rehearsal under the faults of this seed: the same each time
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How long Cassandra takes here from its start until it serves clients [default: as in earlier runs, or 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub restart_seconds: Option<u64>,
    #[command(flatten)]
    pub accept: AcceptArguments,
}

#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// A plan that `plan --out` saved [default: plan now]
    pub plan: Option<PathBuf>,
    /// Do not ask; needed where there is no terminal. It approves no phase: see --approve
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub accept: AcceptArguments,
    #[command(flatten)]
    pub pauses: super::pauses::PauseArguments,
}

#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// A run's id, or its beginning [default: the latest that is not over]
    pub run: Option<String>,
    /// Do not ask; needed where there is no terminal. It approves no phase: see --approve
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub pauses: super::pauses::PauseArguments,
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// A run's id, or its beginning [default: the latest]
    pub run: Option<String>,
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Keep the nodes up at the end, until Ctrl-C, to try commands on them
    #[arg(long)]
    pub stay: bool,
}

#[derive(Debug, Args)]
pub struct ClientsArguments {
    /// Look again and again, and show the table whenever it changes, until Ctrl-C (24 h at most)
    #[arg(long)]
    pub watch: bool,
    /// Count every connection that is seen in this time, for example 15m; with --watch, in the last 15m [default: one look]
    #[arg(long = "for", value_name = "TIME", value_parser = crate::input::duration)]
    pub window: Option<std::time::Duration>,
}

#[derive(Debug, Args)]
pub struct LockArguments {
    #[command(subcommand)]
    pub command: LockCommand,
}

#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Node by node: which run holds it, by whom, since when, and when it was last heard of
    Show,
    /// Take the lock away from a run whose process is gone for good; asks first
    Break {
        /// The run's whole id, as `lock show` has it
        run: String,
        /// Do not ask; needed where there is no terminal
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    Inventory,
    Playbook,
}
