//! The directory that holds the files of a simulated node, for people to look into.

use super::files::File;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Below `root` every file of the node stands at its path. Owner and group are the node's affair and not kept there.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
    written: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl Disk {
    pub fn new(root: PathBuf) -> Disk {
        Disk { root, written: BTreeMap::new() }
    }

    /// Takes in what somebody changed or removed there.
    pub fn look(&self, files: &mut BTreeMap<String, File>) {
        for (path, written) in &self.written {
            match fs::read(self.place(path)) {
                Ok(bytes) if bytes != **written => {
                    if let Some(file) = files.get_mut(path) {
                        file.bytes = bytes.into();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    files.remove(path);
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Writes what has changed since, each file by a rename.
    pub fn settle(&mut self, files: &BTreeMap<String, File>) -> io::Result<()> {
        let gone: Vec<String> =
            self.written.keys().filter(|path| !files.contains_key(*path)).cloned().collect();
        for path in gone {
            self.written.remove(&path);
            match fs::remove_file(self.place(&path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        for (path, file) in files {
            if self.written.get(path) != Some(&file.bytes) {
                write(&self.place(path), file)?;
                self.written.insert(path.clone(), file.bytes.clone());
            }
        }
        Ok(())
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

fn write(place: &Path, file: &File) -> io::Result<()> {
    let above = place.parent().unwrap_or(place);
    fs::create_dir_all(above)?;
    let temporary = above.join(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(file.mode & 0o700 | 0o400);
    io::Write::write_all(&mut options.open(&temporary)?, &file.bytes)?;
    fs::rename(&temporary, place)
}
