//! What changes on each node and why; nodes that change alike are told once, with their own stores beneath.

use super::Detail;
use crate::plan::change::{CertificateSummary, Change, NodeChange};
use crate::report::words::{count, day, fingerprint, restart_reason, short_fingerprint, short_hash};
use crate::report::{Screen, names};
use std::collections::HashMap;
use std::fmt::Write;

pub fn text(changes: &[&NodeChange], screen: Screen, detail: Detail) -> String {
    let mut text = String::new();
    for group in groups(changes) {
        let (first, others) = (group[0], &group[1..]);
        let _ = writeln!(text, "\n  {}", screen.bold(&first.node));
        text += &node(first, screen, detail);
        if !others.is_empty() {
            text += &same(first, others, screen, detail);
        }
    }
    text
}

/// Nodes whose change is equal apart from their names and what is in their stores.
fn groups<'a>(changes: &[&'a NodeChange]) -> Vec<Vec<&'a NodeChange>> {
    let mut groups: Vec<Vec<&NodeChange>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let group = *known.entry(shape(change)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(change);
    }
    groups
}

fn shape(change: &NodeChange) -> String {
    let each = change.changes.iter().map(|change| match change {
        Change::Store { store, path, was, certificate, .. } => {
            format!("{store} {path} {} {}", was.is_some(), certificate.is_some())
        }
        Change::Setting { path, was, becomes } => format!("{path} {was:?} {becomes}"),
        Change::Restored { path, was, becomes } => {
            format!("{path} {} {}", was.is_some(), becomes.is_some())
        }
    });
    let each: Vec<String> = each.collect();
    format!("{each:?} {:?} {:?} {:?} {}", change.restart, change.reload, change.ports, change.diff)
        .replace(&change.node, "{node}")
}

fn node(change: &NodeChange, screen: Screen, detail: Detail) -> String {
    let mut text = String::new();
    for change in &change.changes {
        text += &match change {
            Change::Store { store, path, was, becomes, certificate } => {
                let store = match was.as_deref() {
                    Some(was) if was == becomes => format!("{store} {path}: its owner and mode"),
                    Some(was) => format!("{store} {path}: {} -> {}", short_hash(was), short_hash(becomes)),
                    None => format!("{store} {path}: nothing there -> {}", short_hash(becomes)),
                };
                screen.wrap("    ", &store) + &certificate_line(certificate.as_ref(), screen, detail)
            }
            Change::Restored { path, was, becomes } => {
                let hash = |sha256: &Option<String>| match sha256 {
                    Some(sha256) => short_hash(sha256).to_owned(),
                    None => "nothing there".into(),
                };
                screen.wrap("    ", &format!("{path}: {} -> {}, as before", hash(was), hash(becomes)))
            }
            Change::Setting { path, was, becomes } => {
                let was = was.as_deref().unwrap_or("not set");
                screen.wrap("    ", &format!("{path}: {was} -> {becomes}"))
            }
        };
    }
    if let Some((was, becomes)) = &change.ports {
        text += &screen.wrap("    clients: ", &format!("{was} -> {becomes}"));
    }
    text + &taken_up(change, screen) + &diff(&change.diff, screen)
}

/// How the process comes to what its files say.
fn taken_up(change: &NodeChange, screen: Screen) -> String {
    if !change.reload.is_empty() {
        let stores: Vec<String> = change.reload.iter().map(ToString::to_string).collect();
        let why = format!(
            "because only the contents of its {} differ: same path, same password; no connection is dropped",
            stores.join(" and its ")
        );
        return screen.wrap("    reload: ", &why);
    }
    if change.restart.is_empty() {
        return screen.wrap("    no restart: ", "the node takes it up while it runs");
    }
    let reasons: Vec<String> = change.restart.iter().map(restart_reason).collect();
    screen.wrap("    restart: ", &format!("because {}", reasons.join("; ")))
}

fn certificate_line(certificate: Option<&CertificateSummary>, screen: Screen, detail: Detail) -> String {
    certificate.map_or(String::new(), |certificate| {
        screen.wrap("      serves ", &certificate_text(certificate, detail))
    })
}

fn certificate_text(certificate: &CertificateSummary, detail: Detail) -> String {
    let shown = match detail {
        Detail::Short => short_fingerprint(&certificate.sha256),
        Detail::Full => fingerprint(&certificate.sha256),
    };
    format!("{} until {}, {shown}", certificate.subject, day(&certificate.not_after))
}

/// Not wrapped: a line of a diff is a line of a file.
fn diff(diff: &str, screen: Screen) -> String {
    let line = |line: &str| {
        let painted = match line.as_bytes().first() {
            Some(b'+') => screen.green(line),
            Some(b'-') => screen.red(line),
            Some(b'@') => screen.cyan(line),
            Some(_) | None => line.into(),
        };
        format!("    {painted}").trim_end().to_string() + "\n"
    };
    diff.lines().map(line).collect()
}

/// The nodes that change as `first` does. What differs is in their stores.
fn same(first: &NodeChange, others: &[&NodeChange], screen: Screen, detail: Detail) -> String {
    let names: Vec<&str> = others.iter().map(|change| change.node.as_str()).collect();
    let names = names::folded(&names);
    let own: Vec<usize> = (0..first.changes.len())
        .filter(|index| others.iter().any(|other| becomes(other, *index) != becomes(first, *index)))
        .collect();
    let title = format!("\n  same as {}", first.node);
    if own.is_empty() {
        return screen.wrap(&format!("{title}: "), &names);
    }
    let mut text = screen.wrap(&format!("{title}, each with its own store: "), &names);
    // More than this is skimmed at best.
    const LISTED: usize = 20;
    if others.len() > LISTED && detail == Detail::Short {
        return text + &earliest(first, others, &own, screen);
    }
    for other in others {
        for index in &own {
            if let Change::Store { store, becomes, certificate, .. } = &other.changes[*index] {
                let certificate =
                    certificate.as_ref().map(|it| format!(", {}", certificate_text(it, detail)));
                let what = format!("{store} {}{}", short_hash(becomes), certificate.unwrap_or_default());
                text += &screen.wrap(&format!("    {}: ", other.node), &what);
            }
        }
    }
    text
}

fn becomes(change: &NodeChange, index: usize) -> Option<&str> {
    match change.changes.get(index)? {
        Change::Store { becomes, .. } => Some(becomes),
        // Equal within a group, or equal but for the node's name.
        Change::Setting { .. } | Change::Restored { .. } => None,
    }
}

/// What matters of many certificates at once: the first that ends.
fn earliest(first: &NodeChange, others: &[&NodeChange], own: &[usize], screen: Screen) -> String {
    let all = || std::iter::once(first).chain(others.iter().copied());
    let mut text = String::new();
    for index in own {
        let Change::Store { store, .. } = &first.changes[*index] else {
            continue;
        };
        let ends = all().filter_map(|change| match &change.changes[*index] {
            Change::Store { certificate: Some(certificate), .. } => {
                Some((certificate.not_after.as_str(), &change.node))
            }
            Change::Store { certificate: None, .. } | Change::Setting { .. } | Change::Restored { .. } => {
                None
            }
        });
        let until = match ends.min() {
            Some((not_after, node)) => format!(", good until {} at least ({node})", day(not_after)),
            None => String::new(),
        };
        let stores = count(others.len() + 1, &store.to_string());
        text += &screen.wrap("    ", &format!("{stores}{until}: -v shows each"));
    }
    text
}
