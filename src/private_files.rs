//! Restricts a shop's files to its own user, whatever the umask. The data holds password hashes,
//! addresses, links that reset a password, and the key that signs every token.

use crate::settings::JWT_SECRET_FILE;
use crate::{control, demo, logs};
use rustix::fs::Mode;
use souk_actors::store::Store;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// The permission bits that a file may keep.
const FILE_MODE: u32 = 0o600;
/// The permission bits that a directory may keep.
const DIRECTORY_MODE: u32 = 0o700;
/// The sticky bit of a directory that many users share, such as /tmp.
const STICKY: u32 = 0o1000;
/// The files that Souk creates in the data directory. Other files there stay unchanged: the directory
/// may hold a person's files too.
const OURS: [&str; 13] = [
    Store::FILE_NAME,
    souk_actors::START_FILE,
    "souk.start.new",
    JWT_SECRET_FILE,
    "jwt-secret.new",
    control::SOCKET_FILE,
    logs::SOCKET_FILE,
    logs::DIRECTORY,
    "mail",
    "mail-memory",
    "backups",
    demo::PASSWORDS_FILE,
    "restore.tmp",
];

/// From now on, only this process's user can read the files it creates.
pub(crate) fn set_umask() {
    rustix::process::umask(Mode::from_raw_mode(OTHERS));
}

/// Removes the permissions of group and others from the data in `directory`, which an earlier version
/// or a person may have set, and logs that.
pub(crate) fn restrict_permissions(directory: &Path) {
    let mut done = Done::default();
    match fs::metadata(directory).map(|about| about.permissions().mode()) {
        Ok(mode) if mode & STICKY != 0 => {
            let path = directory.display();
            tracing::warn!(%path, "the data lie in a directory that many users share");
        }
        Ok(mode) => done.keep(directory, mode, DIRECTORY_MODE),
        // A first start: the directory will be created with the right mode.
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
        // A link's target is elsewhere, and a file that is gone needs nothing.
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

    /// Reduces a mode to the bits in `kept`, if group or others have any permission.
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
