//! `ringwalk stores`: a CA, keystores for nodes, bundles for clients, and a look into what there is.

pub mod arguments;
mod authority;
mod client;
pub(super) mod files;
mod import;
mod inspect;
mod issue;
mod make;
mod names;
mod new_ca;
mod passwords;
mod shelf;
mod trust;

use super::Trouble;
use super::arguments::Global;
use super::exit::Exit;
use crate::diagnostic::Diagnostic;
use crate::pki::PkiError;
use arguments::StoresCommand;
use jiff::Timestamp;

pub fn run(global: &Global, command: &StoresCommand) -> Result<Exit, Trouble> {
    let now = Timestamp::now();
    match command {
        StoresCommand::NewCa(options) => new_ca::run(global, options, now),
        StoresCommand::Issue(options) => super::wait(issue::run(global, options, now)),
        StoresCommand::Import(options) => import::run(global, options, now),
        StoresCommand::Trust(options) => trust::run(global, options, now),
        StoresCommand::Client(options) => client::run(global, options, now),
        StoresCommand::Inspect(options) => super::wait(inspect::run(global, options)),
    }
}

/// A problem with something that is not a line of a file.
fn problem(
    place: impl Into<String>,
    error: &(dyn std::error::Error + 'static),
    help: Option<&str>,
) -> Diagnostic {
    let told = Diagnostic::new(place, crate::cluster::survey::chain(error));
    match help {
        Some(help) => told.help(help),
        None => told,
    }
}

fn pki_problem(place: impl Into<String>, error: &PkiError) -> Diagnostic {
    problem(place, error, error.help())
}
