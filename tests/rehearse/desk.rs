//! The cases of `tests/plans` with stores that open: what an operator has in hand when a rehearsal begins.

use super::case::{Case, file_facts};
use jiff::Timestamp;
use ringwalk::diagnostic::render;
use ringwalk::facts::{FileFacts, PortShows};
use ringwalk::formats::certificate::Certificate;
use ringwalk::formats::store::{Contents, Form, Store};
use ringwalk::input::playbook::expand;
use ringwalk::node::wire::ClientIdentity;
use ringwalk::pki::authority::Authority;
use ringwalk::pki::key::{Key, KeyKind};
use ringwalk::pki::subject::{Purpose, Subject};
use ringwalk::pki::{Validity, stores};
use ringwalk::plan::change::{CertificateSummary, sha256_hex};
use ringwalk::plan::material::{LocalStore, StoreKey};
use ringwalk::plan::plan;
use ringwalk::plan::step::StoreName;
use ringwalk::rehearsal::Desk;
use ringwalk::sim::StoredFiles;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// One CA and, by node, its key and chain.
struct Made {
    authority: Authority,
    nodes: BTreeMap<String, (Key, Vec<Certificate>)>,
}

impl Made {
    fn new(nodes: &[&str]) -> Made {
        let [long, validity] = [400, 300].map(|days| Validity::days(Timestamp::now(), days).unwrap());
        let authority = Authority::create("orders CA", KeyKind::P256, long).unwrap();
        let of = |node: &&str| {
            let key = Key::generate(KeyKind::P256).unwrap();
            let subject = Subject { name: (*node).into(), sans: Vec::new(), purpose: Purpose::Node };
            let chain = authority.issue(&subject, &key, validity).unwrap();
            ((*node).to_owned(), (key, chain))
        };
        let nodes = nodes.iter().map(of).collect();
        Made { authority, nodes }
    }

    fn contents(&self, node: &str, store: StoreName) -> Contents {
        let (key, chain) = &self.nodes[node];
        match store {
            StoreName::Keystore | StoreName::InternodeKeystore => stores::keystore(node, key, chain.clone()),
            StoreName::Truststore | StoreName::InternodeTruststore => {
                stores::truststore(&[self.authority.root().clone()])
            }
        }
    }
}

/// The case, with stores of a CA of their own; where stores stand on its nodes, those are of another.
pub fn desk(name: &str) -> Desk {
    let mut case = Case::read(name);
    let nodes: Vec<String> = case.input.inventory.nodes.iter().map(|node| node.name.clone()).collect();
    let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let stores = there(&mut case, &Made::new(&names));
    let identities = in_hand(&mut case, &Made::new(&names));
    with_host_ids(&mut case);
    let made = plan(&case.input, &case.material, &case.facts);
    let plan = made.unwrap_or_else(|problems| panic!("{name}: {}", render(&problems)));
    Desk { input: case.input, material: case.material, identities, facts: case.facts, stores, plan }
}

fn written(case: &Case, made: &Made, node: &str, phase: usize, store: StoreName) -> Vec<u8> {
    let mut specs = case.input.playbook.every_store();
    let spec = specs.find(|(at, name, _)| (*at, *name) == (phase, store)).unwrap().2;
    let password = case.material.secret(&spec.password).unwrap();
    let contents = made.contents(node, store);
    Store::write(&contents, Form::Jks, Timestamp::UNIX_EPOCH, password).unwrap().to_vec()
}

/// Real stores where the case has words, and what the ports show by them.
fn there(case: &mut Case, made: &Made) -> StoredFiles {
    let specs: Vec<_> =
        case.input.playbook.every_store().map(|(phase, name, spec)| (phase, name, spec.to.clone())).collect();
    let mut stores = StoredFiles::new();
    for node in case.input.inventory.nodes.clone() {
        for (phase, store, to) in &specs {
            let path = expand(to, &node);
            let bytes = written(case, made, &node.name, *phase, *store);
            let seen = case.facts.nodes.iter_mut().find(|seen| seen.node == node.name).unwrap();
            let Some(Some(file)) = seen.files.get_mut(&path) else { continue };
            *file = FileFacts { mode: file.mode, ..file_facts(&bytes) };
            if *store == StoreName::Keystore {
                let leaf = made.nodes[&node.name].1[0].sha256.clone();
                seen.shows
                    .values_mut()
                    .for_each(|shows: &mut PortShows| shows.certificate = Some(leaf.clone()));
            }
            stores.entry(node.name.clone()).or_default().insert(path, Zeroizing::new(bytes));
        }
    }
    stores
}

/// Real stores at the operator's, and the certificates that ringwalk shows by them.
fn in_hand(case: &mut Case, made: &Made) -> BTreeMap<String, Vec<ClientIdentity>> {
    let keys: Vec<StoreKey> = case.material.stores.keys().cloned().collect();
    for key in keys {
        let bytes = written(case, made, &key.node, key.phase, key.store);
        let leaf = &made.nodes[&key.node].1[0];
        let certificate = CertificateSummary {
            subject: leaf.subject.clone(),
            sha256: leaf.sha256.clone(),
            not_after: leaf.not_after.to_string(),
            issuers: Default::default(),
        };
        let local = LocalStore {
            file: format!("{} of {}", key.store, key.node),
            sha256: sha256_hex(&bytes),
            bytes: bytes.into(),
            certificate: matches!(key.store, StoreName::Keystore | StoreName::InternodeKeystore)
                .then_some(certificate),
            content: None,
        };
        case.material.stores.insert(key, local);
    }
    let identity = |(node, (key, chain)): (&String, &(Key, Vec<Certificate>))| {
        let chain = chain.iter().map(|certificate| certificate.der.clone()).collect();
        (node.clone(), vec![ClientIdentity { chain, key: Zeroizing::new(key.private().as_pkcs8().to_vec()) }])
    };
    made.nodes.iter().map(identity).collect()
}

/// The ring of a case calls its members by words, and a simulated node speaks of UUIDs.
fn with_host_ids(case: &mut Case) {
    for (number, member) in case.facts.ring.members.iter_mut().enumerate() {
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let words = std::mem::replace(&mut member.host_id, id.clone());
        if case.facts.down.remove(&words) {
            case.facts.down.insert(id);
        }
    }
}
