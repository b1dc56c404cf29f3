//! The runs that were made here, as a table: one line a run, newest first.

use super::Screen;
use super::words::duration;
use crate::journal::event::RunResult;
use crate::journal::runs::{RunSummary, Standing};

/// The table of `ringwalk runs`.
pub fn text(runs: &[RunSummary], screen: Screen) -> String {
    if runs.is_empty() {
        return "no run was made here\n".into();
    }
    let rows: Vec<[String; 4]> = runs.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let line = |row: &[String; 4]| {
        let [run, what, nodes, standing] = row;
        let cells = format!(
            "{run:<w0$}  {what:<w1$}  {nodes:>w2$}  ",
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        );
        screen.wrap(&cells, standing)
    };
    rows.iter().map(line).collect()
}

fn row(run: &RunSummary) -> [String; 4] {
    let (what, nodes) = match &run.begun {
        Some(begun) => (
            format!("{} on {}", begun.playbook, begun.cluster),
            format!("{}/{} nodes", begun.nodes_done, begun.nodes_total),
        ),
        None => ("-".into(), "-".into()),
    };
    let after = |at| run.begun.as_ref().map_or(String::new(), |begun| duration(begun.started, at));
    let standing = match &run.standing {
        Standing::Running => "running".into(),
        Standing::Finished { at, result: RunResult::Done } => format!("done after {}", after(*at)),
        Standing::Finished { at, result: RunResult::StoppedUnchanged } => {
            format!("stopped after {}, nothing changed", after(*at))
        }
        Standing::Finished { at, result: RunResult::StoppedMidway } => {
            format!("stopped midway after {}", after(*at))
        }
        Standing::Finished { at, result: RunResult::Restored } => {
            format!("failed after {}, put back as before", after(*at))
        }
        Standing::Finished { at, result: RunResult::Interrupted } => {
            format!("interrupted after {}", after(*at))
        }
        Standing::Finished { at, result: RunResult::Waiting } => {
            format!("waits, after {}", after(*at))
        }
        Standing::Abandoned => match run.begun.as_ref().and_then(|begun| begun.taken_back_by.as_ref()) {
            Some(back) => format!("failed, taken back by {back}"),
            None => "interrupted without a word".into(),
        },
        Standing::Unreadable { problem } => problem.clone(),
    };
    [run.id.clone(), what, nodes, standing]
}
