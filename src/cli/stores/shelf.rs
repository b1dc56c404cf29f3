//! Where stores lie in the operator's directory, and how a playbook names them.

use crate::formats::store::StoreKind;
use crate::report::stores::StoreLine;
use crate::secret::SecretSource;
use std::path::{Path, PathBuf};

pub const KINDS: [StoreKind; 3] = [StoreKind::Pkcs12, StoreKind::Jks, StoreKind::Pem];

pub struct Shelf {
    pub directory: PathBuf,
    pub kind: StoreKind,
}

impl Shelf {
    pub fn keystore(&self, node: &str) -> PathBuf {
        keystore_in(&self.directory, node, self.kind)
    }

    pub fn truststore(&self) -> PathBuf {
        self.directory.join(format!("truststore.{}", extension(self.kind)))
    }

    pub fn keystore_password(&self) -> PathBuf {
        self.directory.join("keystore.password")
    }

    pub fn truststore_password(&self) -> PathBuf {
        self.directory.join("truststore.password")
    }

    pub fn request(&self, node: &str) -> PathBuf {
        self.directory.join(format!("{node}.csr"))
    }

    pub fn key(&self, node: &str) -> PathBuf {
        self.directory.join(format!("{node}.key"))
    }

    /// A directory for renewed stores that is not there yet: named by the day, a second one of a day `…-2`.
    pub fn renewed(&self, day: &str) -> PathBuf {
        let taken = self.generations();
        let name = |number: usize| if number == 1 { day.to_owned() } else { format!("{day}-{number}") };
        let number = (1..).find(|number| !taken.iter().any(|path| path.ends_with(name(*number))));
        self.directory.join(name(number.unwrap_or(1)))
    }

    /// The newest keystore of a node: renewed ones go before the first.
    pub fn newest_keystore(&self, node: &str) -> Option<PathBuf> {
        let renewed = self.generations().into_iter().rev();
        let candidates = renewed.map(|directory| keystore_in(&directory, node, self.kind));
        candidates.chain([self.keystore(node)]).find(|path| path.exists())
    }

    /// Directories of renewed stores, oldest first.
    fn generations(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut found: Vec<((String, u32), PathBuf)> = entries
            .filter_map(|entry| Some((day_and_number(entry.file_name().to_str()?)?, entry.path())))
            .collect();
        found.sort();
        found.into_iter().map(|(_, path)| path).collect()
    }
}

/// The directory that has the passwords and the truststore of this one: where it holds renewed stores, the one above it.
pub fn home(directory: &Path) -> PathBuf {
    let is_renewed = directory.file_name().and_then(|name| day_and_number(name.to_str()?)).is_some();
    let above = match directory.parent() {
        Some(above) if above == Path::new("") => Path::new("."),
        Some(above) => above,
        None => return directory.to_owned(),
    };
    let has_password =
        Shelf { directory: above.to_owned(), kind: StoreKind::Pkcs12 }.keystore_password().exists();
    if is_renewed && has_password { above.to_owned() } else { directory.to_owned() }
}

/// The form of the stores that lie in a directory, by the truststore's name.
pub fn kind_in(directory: &Path) -> Option<StoreKind> {
    KINDS
        .into_iter()
        .find(|kind| Shelf { directory: directory.to_owned(), kind: *kind }.truststore().exists())
}

pub fn extension(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Pkcs12 => "p12",
        StoreKind::Jks => "jks",
        StoreKind::Pem => "pem",
    }
}

/// How a playbook names a truststore.
pub fn truststore_line(file: &Path, kind: StoreKind, password: &SecretSource) -> StoreLine {
    StoreLine {
        from: file.display().to_string(),
        to: place("truststore", kind),
        password: password.to_string(),
    }
}

/// Where on a node a store goes, unless the operator has another place for it.
pub fn place(name: &str, kind: StoreKind) -> String {
    format!("/etc/cassandra/tls/{name}.{}", extension(kind))
}

fn keystore_in(directory: &Path, node: &str, kind: StoreKind) -> PathBuf {
    directory.join(format!("{node}.{}", extension(kind)))
}

/// `2026-11-24` or `2026-11-24-2`.
fn day_and_number(name: &str) -> Option<(String, u32)> {
    const DAY: usize = "2026-11-24".len();
    let (day, rest) = name.split_at_checked(DAY)?;
    let is_day = day.parse::<jiff::civil::Date>().is_ok();
    let number = if rest.is_empty() { Some(1) } else { rest.strip_prefix('-')?.parse().ok() };
    number.filter(|_| is_day).map(|number| (day.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_stores_lie_in_a_directory_of_their_day_and_the_newest_counts() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf { directory: directory.path().to_owned(), kind: StoreKind::Pkcs12 };
        let make = |path: PathBuf| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        assert_eq!(shelf.newest_keystore("n1"), None);
        make(shelf.keystore("n1"));
        make(shelf.keystore("n2"));
        let expected = ["2026-11-24", "2026-11-24-2", "2026-11-24-3"];
        for name in expected {
            let renewed = shelf.renewed("2026-11-24");
            assert_eq!(renewed, directory.path().join(name));
            make(renewed.join("n1.p12"));
        }
        (4..=10).for_each(|_| make(shelf.renewed("2026-11-24").join("n1.p12")));
        make(directory.path().join("2026-11-24-old").join("n1.p12"));
        assert_eq!(shelf.newest_keystore("n1"), Some(directory.path().join("2026-11-24-10/n1.p12")));
        assert_eq!(shelf.newest_keystore("n2"), Some(directory.path().join("n2.p12")));
    }
}
