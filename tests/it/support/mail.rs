//! Mails as they leave the shop: over a real SMTP connection, or as files if no mail server is configured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::{Shop, environment, eventually};

/// A mail server that stores the mails it gets.
pub(crate) struct MailSink {
    directory: TempDir,
    port: u16,
    _process: Process,
}

#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The user who logged in to send it, and whether TLS was used; for a file, nobody and false.
    pub(crate) sent_by: (Option<String>, bool),
    /// The recipients of the envelope; for a file, of its `To` header.
    pub(crate) to: Vec<String>,
    /// The message: header lines, an empty line, the body.
    pub(crate) text: String,
}

impl MailSink {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server that answers 451 to the first messages.
    pub(crate) fn refusing_first(messages: usize) -> Self {
        Self::start_with(&["--refuse-first", &messages.to_string()])
    }

    /// A server that answers 550 to the first messages.
    pub(crate) fn rejecting_first(messages: usize) -> Self {
        Self::start_with(&["--refuse-first", &messages.to_string(), "--for-good"])
    }

    /// A server with these options; see tests/mail_sink.py.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let mut command = Command::new(environment::python());
        command
            .arg(environment::repository().join("tests/mail_sink.py"))
            .arg(directory.path().join("mails"));
        command.args(arguments);
        let log = directory.path().join("sink.log");
        let (process, line) =
            Process::start("the mail sink", &mut command, &log, "mail sink on port ");
        let port = line
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port number");
        Self { directory, port, _process: process }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// A server that uses TLS and requires a log-in.
    pub(crate) fn guarded(arguments: &[&str]) -> Self {
        let tls = environment::repository().join("tests/mail_tls");
        let file = |name: &str| tls.join(name).display().to_string();
        let (certificate, key) = (file("sink.pem"), file("sink.key"));
        let guard = ["--tls", &certificate, &key, "--auth", "shop:open sesame"];
        Self::start_with(&[&guard, arguments].concat())
    }

    /// Its URL with this scheme and log-in, and the authority that signed its certificate.
    pub(crate) fn guarded_url(&self, scheme: &str, login: &str) -> String {
        let authority = environment::repository().join("tests/mail_tls/authority.pem");
        format!("{scheme}://{login}@localhost:{}?ca={}", self.port, authority.display())
    }

    /// Every message accepted so far, in order.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let text = fs::read_to_string(self.directory.path().join("mails")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .map(|line: Value| Mail::sent(&line))
            .collect()
    }

    /// Waits for the mail of this kind to this address; there must be only one.
    pub(crate) async fn expect_one(&self, template: &str, to: &str) -> Mail {
        expect_one(template, to, || self.mails()).await
    }
}

/// The mails in a directory of `.eml` files.
pub(crate) fn mails_in(directory: &Path) -> Vec<Mail> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths
        .iter()
        .map(|path| Mail::written(&fs::read_to_string(path).expect("a mail file is text")))
        .collect()
}

/// The path and query of the links in the mails about a forgotten password, oldest first.
pub(crate) async fn mailed_links(shop: &Shop, to: &str, count: usize) -> Vec<String> {
    let start = format!("{}/api/v1/users/reset-password/confirm/?uidb64=", shop.base());
    eventually("the mails with links", async || {
        let mails = mails_in(&shop.data().join("mail"));
        let mails = mails.iter().filter(|mail| mail.is("password_reset", to));
        let links: Vec<String> = mails
            .map(|mail| {
                // Quoted-printable: soft line breaks, and `=3D` for `=`.
                let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
                let at = text.find(&start).unwrap_or_else(|| panic!("no link in {text}"));
                let link = text[at..].split_whitespace().next().unwrap_or_default();
                link[shop.base().len()..].to_owned()
            })
            .collect();
        (links.len() == count).then_some(links)
    })
    .await
}

pub(crate) async fn expect_one(template: &str, to: &str, mails: impl Fn() -> Vec<Mail>) -> Mail {
    let what = format!("a mail {template:?} to {to}");
    let mut found = eventually(&what, async || {
        let mut mails = mails();
        mails.retain(|mail| mail.is(template, to));
        (!mails.is_empty()).then_some(mails)
    })
    .await;
    assert_eq!(found.len(), 1, "one mail {template:?} to {to}: {found:#?}");
    found.remove(0)
}

impl Mail {
    fn sent(line: &Value) -> Self {
        let to = line["to"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let sent_by = (line["auth"].as_str().map(str::to_owned), line["tls"] == true);
        Self { sent_by, to, text: line["data"].as_str().unwrap_or_default().to_owned() }
    }

    fn written(text: &str) -> Self {
        let mut mail = Self { sent_by: (None, false), to: Vec::new(), text: text.to_owned() };
        mail.to = mail
            .header("To")
            .split(',')
            .map(|to| to.trim().trim_matches(['<', '>']).to_owned())
            .collect();
        mail
    }

    pub(crate) fn is(&self, template: &str, to: &str) -> bool {
        self.template() == template && self.to == [to]
    }

    pub(crate) fn template(&self) -> String {
        self.header("X-Souk-Template")
    }

    /// The value of a header, with its continuation lines joined; empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let head =
            head.split("\n\n").next().unwrap_or_default().replace("\r\n", "\n").replace("\n ", " ");
        let value = head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        value.unwrap_or_default()
    }
}
