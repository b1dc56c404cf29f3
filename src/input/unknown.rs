//! What an operator may have meant by a word that is not known.

use super::mask::told;
use super::shape::{Form, Table};

/// The message and the way out for a key that a table does not know.
pub fn key(name: &str, table: &Table) -> (String, String) {
    if name == "<<" {
        let message = format!("`<<` merges nothing in {}", table.name);
        return (
            message,
            "write the keys out; `ssh` and `cassandra` of the file hold for every node".to_owned(),
        );
    }
    if name.is_empty() {
        return (format!("a key of {} must be a word", table.name), known(table));
    }
    let message = format!("unknown key `{}` in {}", told(name), table.name);
    let meant = synonym(name, table).or_else(|| nearest(name, table.keys.iter().map(|key| key.name)));
    let help = match (meant, owner(name, table)) {
        (Some(word), _) => format!("did you mean `{word}`?"),
        (None, Some(owner)) => format!("`{name}` belongs in `{owner}`"),
        (None, None) => known(table),
    };
    (message, help)
}

/// What OpenSSH, Ansible and Cassandra call things, and what they are called here.
const SYNONYMS: &[(&str, &str)] = &[
    ("ansible_host", "address"),
    ("dc", "datacenter"),
    ("home", "location"),
    ("host", "address"),
    ("hostname", "address"),
    ("identity_file", "identity"),
    ("identityfile", "identity"),
    ("key", "identity"),
    ("proxyjump", "jump"),
    ("userknownhostsfile", "known_hosts"),
    ("username", "user"),
];

fn synonym(name: &str, table: &Table) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    SYNONYMS.iter().find(|(word, _)| *word == name).and_then(|(_, key)| table.key(key)).map(|key| key.name)
}

pub fn known(table: &Table) -> String {
    let words: Vec<String> = table.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    format!("the keys here are {}", words.join(", "))
}

/// The key of this table whose own table knows the name.
fn owner(name: &str, table: &Table) -> Option<&'static str> {
    table.keys.iter().find_map(|key| match key.form {
        Form::Table(inner) => inner.key(name).map(|_| key.name),
        _ => None,
    })
}

/// The word that was most likely meant.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let known: Vec<&str> = known.collect();
    // `require_client_authentication` goes on where `require_client_auth` ends; `keystore_type` is another word.
    let goes_on = |candidate: &&&str| {
        word.strip_prefix(**candidate).is_some_and(|rest| rest.starts_with(char::is_alphabetic))
    };
    if let Some(candidate) = known.iter().find(goes_on) {
        return Some(candidate);
    }
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, candidate)| {
            let slips = strsim::damerau_levenshtein(&word, candidate);
            slips <= 1 || *likeness >= LIKENESS_LEAST && slips <= 1 + candidate.len() / 3
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// Below it, what Jaro and Winkler find alike are words with other meanings: `port` and `start` are at 0.78.
const LIKENESS_LEAST: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_word_is_recognized_and_another_word_is_not() {
        let known =
            ["user", "port", "identity", "keystore", "keystore_password", "timeouts", "start", "stop"];
        let cases = [
            ("usr", Some("user")),
            ("identiy", Some("identity")),
            ("Keystore-Password", Some("keystore_password")),
            ("keystore_pasword", Some("keystore_password")),
            ("timeout", Some("timeouts")),
            ("prot", Some("port")),
            ("portal", Some("port")),
            ("keystore_type", None),
            ("hostname", None),
            ("x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
    }
}
