//! `internode` of a phase: TLS between nodes, by `server_encryption_options`.

use super::options::Setting;
use super::playbook::Playbook;
use super::reader::Reader;
use super::record::{Field, Record};
use super::settings::Settings;
use super::shape::{Choice, Form, Key, Table};
use super::stores::StoreName;
use crate::diagnostic::{Span, Spanned};

/// The section of `cassandra.yaml`.
pub const SECTION: &str = "server_encryption_options";

pub static INTERNODE: Table = Table {
    name: "`internode`",
    keys: &[
        Key::new("internode_encryption", Form::Choice(ENCRYPTION), "To whom a node speaks TLS.", "all"),
        Key::new(
            "optional",
            Form::Bool,
            "Whether it takes TLS and plaintext, whatever it speaks itself.",
            "true",
        ),
        Key::new(
            "require_client_auth",
            Form::Bool,
            "Whether the other side must show a certificate.",
            "true",
        ),
        Key::new(
            "require_endpoint_verification",
            Form::Bool,
            "Whether the certificate of the other side must name its address.",
            "false",
        ),
        Key::new(
            "accepted_protocols",
            Form::Texts,
            "The TLS protocols that are accepted.",
            "[TLSv1.3, TLSv1.2]",
        ),
        Key::new(
            "cipher_suites",
            Form::Texts,
            "The cipher suites that are accepted.",
            "[TLS_AES_256_GCM_SHA384]",
        ),
        Key::new("store_type", Form::Text, "The type of both stores.", "PKCS12"),
    ],
};

const ENCRYPTION: &[Choice] = &[
    Choice::new("none", "To nobody."),
    Choice::new("dc", "To nodes of other datacenters."),
    Choice::new("rack", "To nodes of other racks and datacenters."),
    Choice::new("all", "To every node."),
];

impl Playbook {
    /// What the phases up to this one say of `server_encryption_options` themselves, by dotted path.
    pub fn internode_said(&self, phase_index: usize) -> Settings {
        let phases = self.phases.iter().take(phase_index + 1);
        phases.flat_map(|phase| &phase.internode).map(|(key, said)| (at(key), said.clone())).collect()
    }

    /// The same with the stores that it needs; empty until a phase says anything.
    pub fn internode(&self, phase_index: usize) -> Settings {
        let mut wish = self.internode_said(phase_index);
        if wish.is_empty() {
            return wish;
        }
        let stores =
            [("keystore", StoreName::InternodeKeystore), ("truststore", StoreName::InternodeTruststore)];
        for (key, spec) in stores.into_iter().filter_map(|(key, name)| Some((key, self.stores.spec(name)?))) {
            let path = Spanned { value: Setting::Text(spec.to.clone()), span: spec.places.to };
            let secret =
                Spanned { value: Setting::Secret(spec.password.clone()), span: spec.places.password };
            wish.extend([(at(key), path), (at(&format!("{key}_password")), secret)]);
        }
        wish
    }
}

/// What a phase says, by key.
pub(super) fn said(options: &Record) -> Settings {
    let said = |(key, field): (&str, &Field)| {
        let value = Setting::build(field.value.as_ref()?);
        Some((key.to_owned(), Spanned { value, span: field.key }))
    };
    options.fields().filter_map(said).collect()
}

fn at(key: &str) -> String {
    format!("{SECTION}.{key}")
}

/// What `internode` must not ask for, whatever the cluster.
pub(super) fn check(playbook: &Playbook, reader: &mut Reader) {
    let place = |path: &str| playbook.source.place(path);
    let stores = ["internode_keystore", "internode_truststore"];
    let first = (0..playbook.phases.len()).find_map(|index| {
        let span = place(&format!("phases[{index}].internode"))?;
        Some((index, span))
    });
    let Some((index, span)) = first else {
        for name in stores {
            if let Some(span) = place(&format!("stores.{name}")) {
                let help = "add `internode` to a phase, or leave the store out";
                reader.refuse(span, format!("`{name}`, and no phase has `internode`"), help);
            }
        }
        return;
    };
    says_to_whom(playbook, index, span, reader);
    paths_differ(playbook, reader);
    for name in stores.into_iter().filter(|name| place(&format!("stores.{name}")).is_none()) {
        let help =
            format!("add `{name}` to `stores`: a store of its own, so that no client passes for a node");
        reader.refuse(span, format!("TLS between nodes without `{name}`"), help);
    }
}

/// From each other, and from those of the client port in every phase.
fn paths_differ(playbook: &Playbook, reader: &mut Reader) {
    let mut others: Vec<_> = playbook
        .every_store()
        .filter(|(_, name, _)| !name.is_internode())
        .map(|(_, name, spec)| (name, spec))
        .collect();
    let own = StoreName::ALL.into_iter().filter(|name| name.is_internode());
    for (name, spec) in own.filter_map(|name| Some((name, playbook.stores.spec(name)?))) {
        if let Some((other, earlier)) =
            others.iter().find(|(_, other)| other.to == spec.to && !spec.to.is_empty())
        {
            let other = reader.document.other_place(earlier.places.to, format!("the {other}'s"));
            let problem =
                reader.document.problem(spec.places.to, "both stores go to the same path").also(other);
            reader.problems.push(problem.help("give each its own: the second would replace the first"));
        }
        others.push((name, spec));
    }
}

/// Without it, what the phase means would hang on the node's file.
fn says_to_whom(playbook: &Playbook, index: usize, span: Span, reader: &mut Reader) {
    if playbook.source.place(&format!("phases[{index}].internode.internode_encryption")).is_none() {
        let message = "the first phase with `internode` does not say `internode_encryption`";
        let help = "begin with `internode: { internode_encryption: none, optional: true }`";
        reader.refuse(span, message, help);
    }
}
