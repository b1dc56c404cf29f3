//! Nothing on the command line goes before `cassandra.yaml` unseen.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let remark_of = |property: &String| {
        let about_tls = property.contains("encryption_options") || property.contains("ssl");
        remark(
            if about_tls { Severity::Warning } else { Severity::Notice },
            format!("Cassandra is started with -D{property}, which goes before what cassandra.yaml says"),
            "take it out of the start options (cassandra-env.sh, jvm*-server.options) and restart the node",
        )
    };
    subject.seen.overruled.iter().map(remark_of).collect()
}
