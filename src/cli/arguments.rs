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

const EXAMPLES: &str = "\
A first time:
  ringwalk check -i inventories/orders.yaml -p playbooks/enable.yaml     can everything be reached, is it fit?
  ringwalk plan  -i … -p … --out plan.json                               what would change, why, in what order
  ringwalk apply plan.json                                               exactly that, or not at all
  ringwalk runs; ringwalk show RUN                                       what happened

Exit codes: 0 done or nothing to do · 1 stopped, cluster as before · 2 bad input or unreachable · 3 stopped midway
            10 plan: there are changes · 130 interrupted";

#[derive(Debug, Args)]
pub struct Global {
    /// The file that names the cluster's nodes and how to reach them
    #[arg(short, long, global = true, value_name = "FILE", env = "RINGWALK_INVENTORY")]
    pub inventory: Option<PathBuf>,
    /// The file that says what the cluster should be
    #[arg(short, long, global = true, value_name = "FILE", env = "RINGWALK_PLAYBOOK")]
    pub playbook: Option<PathBuf>,
    /// text for people, json for programs (events: one a line; their schema is in docs/events.schema.json)
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub output: OutputForm,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorWhen,
    /// Where runs are kept [default: $XDG_STATE_HOME/ringwalk/runs]
    #[arg(long, global = true, value_name = "DIR", env = "RINGWALK_RUNS")]
    pub runs_dir: Option<PathBuf>,
    /// Say more on stderr: -v what is done, -vv every command (never a secret)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
    Check,
    /// Show what would change and why, node by node, and what makes the order safe
    Plan(PlanArguments),
    /// Make it so: the plan that is shown, or a saved one if nothing has moved on since
    Apply(ApplyArguments),
    /// List the runs on this machine
    Runs,
    /// Show a run again, as it was reported
    Show {
        /// A run's id, or its beginning [default: the latest]
        run: Option<String>,
    },
    /// Print the JSON Schema of an inventory or a playbook, for an editor to check against
    Schema {
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Save the plan: hashes, no secrets. `apply FILE` carries out exactly it, or refuses
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// A plan that `plan --out` saved [default: plan now]
    pub plan: Option<PathBuf>,
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    Inventory,
    Playbook,
}
