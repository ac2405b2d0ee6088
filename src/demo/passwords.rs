//! The demonstration's passwords, in a file that a shell can read: `. data/demo.env`.

use super::{ADMINISTRATOR, CUSTOMER};
use souk_actors::random_hex;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// File name in the data directory.
pub(crate) const PASSWORDS_FILE: &str = "demo.env";
/// Only the shop's user may read it.
const FILE_MODE: u32 = 0o600;
/// Random octets of a password.
const PASSWORD_BYTES: usize = 8;

/// The passwords of the demonstration's administrator and customer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passwords {
    pub(super) administrator: String,
    pub(super) customer: String,
}

impl Passwords {
    /// Reads the passwords from the file; if one is missing, creates new ones and writes the file.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(super) fn read_or_make(file: &Path) -> io::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => {
                if let Some(passwords) = Self::parse(&text) {
                    return Ok(passwords);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let new = || random_hex(PASSWORD_BYTES);
        let passwords = Self { administrator: new(), customer: new() };
        passwords.write(file)?;
        Ok(passwords)
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            let (_, password) = lines.find(|(known, _)| *known == name)?;
            (password.len() == 2 * PASSWORD_BYTES).then(|| password.to_owned())
        };
        Some(Self {
            administrator: value("ADMIN_PASSWORD")?,
            customer: value("CUSTOMER_PASSWORD")?,
        })
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let Self { administrator, customer } = self;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(FILE_MODE);
        let mut file = options.open(file)?;
        write!(
            file,
            "# The people of the demonstration.\nADMIN_EMAIL={ADMINISTRATOR}\n\
             ADMIN_PASSWORD={administrator}\nCUSTOMER_EMAIL={CUSTOMER}\n\
             CUSTOMER_PASSWORD={customer}\n"
        )?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_gives_the_same_passwords_again_until_one_is_missing() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join(PASSWORDS_FILE);
        let made = Passwords::read_or_make(&file).expect("written");
        assert_eq!(Passwords::read_or_make(&file).expect("read"), made);
        assert_ne!(made.administrator, made.customer);

        let text = fs::read_to_string(&file).expect("there");
        for cut in [0, text.len() / 2, text.len() - 2] {
            fs::write(&file, &text[..cut]).expect("written");
            let again = Passwords::read_or_make(&file).expect("made again");
            assert_ne!(again, made, "cut at {cut}");
            assert_eq!(Passwords::read_or_make(&file).expect("read"), again);
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        Passwords::read_or_make(&directory.path().join("nowhere/demo.env")).expect_err("refused");
        Passwords::read_or_make(directory.path()).expect_err("a directory");
    }
}
