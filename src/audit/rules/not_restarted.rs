//! The process runs with what `cassandra.yaml` says: the file is read once, at start.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

/// The start is known to the second, and a start that follows a write at once must not count as before it.
const UNSURE_S: i64 = 2;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let yaml = &subject.seen.facts.yaml;
    let help = "see what differs (`ringwalk plan`), then restart the node: `restart: always` in a playbook does it safely";
    // What the process was told instead is not read, and `overruled` tells that it was.
    let is_overruled =
        ["client_encryption_options", "native_transport_port"].iter().any(|it| subject.is_overruled(it));
    if let Some(on_wire) = subject.mode_on_wire().filter(|_| !is_overruled) {
        let by_file = subject.mode_by_file();
        if on_wire != by_file {
            let reason = format!(
                "{} says `{by_file}` of port {}, and the port is `{on_wire}`: the process runs with other settings",
                yaml.path,
                subject.tls_port()
            );
            return vec![remark(Severity::Error, reason, help)];
        }
    }
    let written_s = subject.seen.modified_s.get(&yaml.real_path);
    match (written_s, subject.seen.started_s) {
        (Some(written_s), Some(started_s)) if *written_s > started_s + UNSURE_S => {
            let reason = format!(
                "{} was written {} after the process began, and is read at its next start only",
                yaml.path,
                span(written_s - started_s)
            );
            vec![remark(Severity::Warning, reason, help)]
        }
        (_, _) => Vec::new(),
    }
}

fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
