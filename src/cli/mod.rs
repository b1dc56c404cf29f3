//! The command line: one file a command, exit codes in one place.

pub mod act;
pub mod apply;
pub mod arguments;
pub mod audit;
pub mod check;
pub mod clients;
mod demo;
pub mod exit;
pub mod interrupt;
pub mod load;
pub mod lock;
pub mod pauses;
pub mod plan;
pub mod reach;
pub mod rehearse;
pub mod resume;
pub mod rollback;
pub mod runs;
pub mod schema;
pub mod secrets;
pub mod show;
pub mod stores;

use crate::diagnostic::{Diagnostic, render};
use arguments::{Arguments, Command, Form, Global};
use clap::{CommandFactory, Parser};
use exit::Exit;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Why a command ended without a result of its own.
pub enum Trouble {
    /// What the operator wrote, or the cluster, does not allow it.
    Refused(Vec<Diagnostic>),
    /// Anything else: what was tried, and the chain of causes.
    Error(anyhow::Error),
}

impl From<Vec<Diagnostic>> for Trouble {
    fn from(problems: Vec<Diagnostic>) -> Trouble {
        Trouble::Refused(problems)
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        Trouble::Error(error)
    }
}

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr(&arguments.global);
    raise_limit_of_open_files();
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            tell(&trouble);
            Exit::Refused.into()
        }
    }
}

/// A shell's usual limit of 1,024 is less than the connections of a large cluster; its owner may go to the hard one.
fn raise_limit_of_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
}

fn run(arguments: Arguments) -> Result<Exit, Trouble> {
    let global = &arguments.global;
    if global.form == Form::Prometheus && !matches!(arguments.command, Command::Audit(_)) {
        let problem = Diagnostic::new("command line", "only `audit` has `--output prometheus`");
        return Err(vec![problem.help("take `--output json`")].into());
    }
    match &arguments.command {
        Command::Clients(options) => wait(clients::run(global, options)),
        Command::Check(options) => wait(check::run(global, options)),
        Command::Plan(options) => wait(plan::run(global, options)),
        Command::Rehearse(options) => rehearse::run(global, options),
        Command::Apply(options) => wait(apply::run(global, options)),
        Command::Resume(options) => wait(resume::run(global, options)),
        Command::Rollback(options) => wait(rollback::run(global, options)),
        Command::Lock(arguments) => wait(lock::run(global, arguments)),
        Command::Audit(options) => wait(audit::run(global, options)),
        Command::Demo(options) => demo::run(global, options),
        Command::Runs => runs::run(global),
        Command::Show { run } => show::run(global, run.as_deref()),
        Command::Schema { of } => schema::run(*of),
        Command::Stores { command } => stores::run(global, command),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "ringwalk", &mut std::io::stdout());
            Ok(Exit::Success)
        }
    }
}

/// Runs a command that waits for hosts.
fn wait<T>(command: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow::Error::new(error).context("cannot start the runtime"))?;
    let answer = runtime.block_on(command);
    // Connections are dropped, not waited for: a node that hangs must not hold up the answer.
    runtime.shutdown_background();
    answer
}

/// Prints to standard output. A reader that has gone away (`ringwalk plan | head`) is no trouble.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn tell(trouble: &Trouble) {
    let text = match trouble {
        Trouble::Refused(problems) => render(problems),
        Trouble::Error(error) => format!("error: {error:#}\n"),
    };
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn log_to_stderr(global: &Global) {
    let level = match global.verbose {
        0 => "ringwalk=warn",
        1 => "ringwalk=info",
        2 => "ringwalk=debug",
        _ => "ringwalk=trace,russh=debug",
    };
    let filter = EnvFilter::try_from_env("RINGWALK_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(color).init();
}
