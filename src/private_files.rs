//! Who may read what a shop keeps: its own user and nobody else, whatever the umask it was started
//! with. The data holds password hashes, addresses, links that reset a password, and the key that
//! signs every token.

use crate::settings::JWT_SECRET_FILE;
use crate::{demo, logs};
use rustix::fs::Mode;
use souk_actors::store::Store;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What group and others may do.
const OTHERS: u32 = 0o077;
/// What is left of a file's mode.
const FILE_MODE: u32 = 0o600;
/// What is left of a directory's mode.
const DIRECTORY_MODE: u32 = 0o700;
/// A directory that many users share, as /tmp.
const STICKY: u32 = 0o1000;
/// What Souk makes in the directory of the data. Other files there are left as they are: the
/// directory may be one that a person keeps other things in.
const OURS: [&str; 13] = [
    Store::FILE_NAME,
    souk_actors::START_FILE,
    "souk.start.new",
    JWT_SECRET_FILE,
    "jwt-secret.new",
    "souk.sock",
    logs::SOCKET_FILE,
    logs::DIRECTORY,
    "mail",
    "mail-memory",
    "backups",
    demo::PASSWORDS_FILE,
    "restore.tmp",
];

/// From now on, every file this process makes is for its own user alone.
pub(crate) fn set_umask() {
    rustix::process::umask(Mode::from_raw_mode(OTHERS));
}

/// Takes from group and others what an earlier version or somebody else gave them of the data in
/// `directory`, and logs that.
pub(crate) fn tighten(directory: &Path) {
    let mut done = Done::default();
    match fs::metadata(directory).map(|about| about.permissions().mode()) {
        Ok(mode) if mode & STICKY != 0 => {
            let path = directory.display();
            tracing::warn!(%path, "the data lie in a directory that many users share");
        }
        Ok(mode) => done.keep(directory, mode, DIRECTORY_MODE),
        // A first start: it is made with the right mode.
        Err(_) => return,
    }
    for name in OURS {
        done.walk(&directory.join(name));
    }
    let path = directory.display();
    match done.tightened {
        0 => {}
        count => tracing::warn!(
            %path, count, "others could read files of the shop; their modes are 0600 and 0700 now"
        ),
    }
    if let Some(error) = done.failed {
        tracing::warn!(%path, %error, "some files of the shop can be read by others");
    }
}

#[derive(Default)]
struct Done {
    tightened: usize,
    failed: Option<io::Error>,
}

impl Done {
    fn walk(&mut self, path: &Path) {
        // What a link leads to lies elsewhere, and what is gone needs nothing.
        let Ok(about) = fs::symlink_metadata(path) else { return };
        if about.is_symlink() {
            return;
        }
        let mode = about.permissions().mode();
        if !about.is_dir() {
            return self.keep(path, mode, FILE_MODE);
        }
        self.keep(path, mode, DIRECTORY_MODE);
        match fs::read_dir(path) {
            Ok(entries) => entries.flatten().for_each(|entry| self.walk(&entry.path())),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Keeps of a mode only what is in `kept`, if others may do anything.
    fn keep(&mut self, path: &Path, mode: u32, kept: u32) {
        if mode & OTHERS == 0 {
            return;
        }
        match fs::set_permissions(path, Permissions::from_mode(mode & kept)) {
            Ok(()) => self.tightened += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.failed = Some(error),
        }
    }
}
