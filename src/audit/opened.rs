//! A node's store, opened as its Cassandra opens it: with the password that stands in its `cassandra.yaml`.

use super::Seen;
use crate::facts::unwritten_password;
use crate::formats::store::{Store, StoreError};
use crate::formats::yaml;
use crate::plan::step::StoreName;
use crate::secret::Secret;

pub struct Opened {
    pub role: StoreName,
    pub path: String,
    pub content: Content,
}

pub enum Content {
    Store(Box<Store>),
    /// Nothing stands at the path.
    Absent,
    /// It was not read: it is too large or no file, or its password is not in the yaml.
    Unread(&'static str),
    Failed(StoreError),
}

impl Opened {
    pub fn store(&self) -> Option<&Store> {
        match &self.content {
            Content::Store(store) => Some(store),
            Content::Absent | Content::Unread(_) | Content::Failed(_) => None,
        }
    }
}

/// A factory that is none of Cassandra's own, which read files.
fn is_foreign(factory: &yaml::Node) -> bool {
    const OF_CASSANDRA: [&str; 3] =
        ["DefaultSslContextFactory", "FileBasedSslContextFactory", "PEMBasedSslContextFactory"];
    let class = factory.get("class_name").and_then(yaml::Node::as_str);
    class.is_some_and(|class| !OF_CASSANDRA.contains(&class.rsplit('.').next().unwrap_or(class)))
}

/// The store of one role. `section`: the options that name it; none where the material is not a file.
pub fn open(section: Option<&yaml::Node>, role: StoreName, path: &str, seen: &Seen) -> Option<Opened> {
    let factory = section.and_then(|section| section.get("ssl_context_factory"));
    let (named, key, file_key) = match role.is_keystore() {
        true => ("keystore", "keystore_password", "keystore_password_file"),
        false => ("truststore", "truststore_password", "truststore_password_file"),
    };
    let is_inline = factory.is_some_and(|factory| factory.get("parameters").is_some());
    let has_no_file = section.is_some_and(|section| section.get(named).is_none());
    if is_inline || has_no_file && factory.is_some_and(is_foreign) {
        return None;
    }
    let written = |key: &str| section.and_then(|section| section.get(key)?.as_str());
    let unwritten = unwritten_password(seen.facts.flavour.apache_base(seen.facts.version));
    let content = match (seen.stores.get(path), written(key)) {
        (None, _) if seen.facts.files.get(path).is_some_and(Option::is_some) => {
            Content::Unread("it could not be read back")
        }
        (None, _) => Content::Absent,
        (Some(_), None) if unwritten.is_empty() && written(file_key).is_some() => {
            Content::Unread("its password is in a file, which an audit does not read")
        }
        (Some(bytes), password) => match Store::open(bytes, &Secret::new(password.unwrap_or(unwritten))) {
            Ok(store) => Content::Store(Box::new(store)),
            Err(error) => Content::Failed(error),
        },
    };
    Some(Opened { role, path: path.to_owned(), content })
}
