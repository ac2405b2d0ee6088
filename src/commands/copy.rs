//! `souk copy`: copies a whole store to another place, also from one engine to the other.

use super::{CommandError, print_text};
use crate::settings::Settings;
use clap::Args;
use souk_actors::OpenShopError;
use souk_actors::store::{
    Database, OpenError, Opening, Store, TransferError, TransferPlace, TransferProgress,
    TransferStep, Transferred, transfer,
};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Cells of the bar on a terminal.
const BAR_CELLS: u64 = 30;
/// Percent between two lines where there is no terminal.
const LINE_EVERY: u64 = 10;

/// The two places: `redb:DIR`, the store in that data directory; `postgres://…`, a database; or
/// `store`, where the settings say the shop's rows are.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// The store to copy: redb:DIR, postgres://…, or `store` for the one of the settings.
    #[arg(long, value_name = "PLACE")]
    from: Place,
    /// Where to make it; there must be no shop yet: redb:DIR, postgres://…, or `store`.
    #[arg(long, value_name = "PLACE")]
    to: Place,
}

/// A place as it was written.
#[derive(Clone, Debug)]
enum Place {
    Named(TransferPlace),
    OfSettings,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write redb:DIR, postgres://user:password@host:5432/shop, or store";
        match text.split_once(':') {
            None if text == "store" => Ok(Self::OfSettings),
            Some(("redb", directory)) if !directory.is_empty() => {
                Ok(Self::Named(TransferPlace::Directory(PathBuf::from(directory))))
            }
            Some(("postgres" | "postgresql", _)) => Database::from_url(text)
                .map(|database| Self::Named(TransferPlace::Database(database)))
                .map_err(|error| error.to_string()),
            _ => Err(form.to_owned()),
        }
    }
}

/// Why the store was not copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("nothing was copied")]
    Transfer(#[from] TransferError),
    #[error("stopped: nothing was copied")]
    Stopped,
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    #[error("the store was copied, but cannot be opened")]
    Open(#[from] OpenShopError),
    #[error(
        "the store was copied, but {} cannot be written beside it: the next start will take it for an older \
         one, and give its events new names",
        souk_actors::START_FILE
    )]
    StartFile(#[source] io::Error),
}

pub(super) async fn run(options: Copy, settings: &Settings) -> Result<ExitCode, CommandError> {
    let Copy { from, to } = options;
    let (from, to) = (from.resolve(settings), to.resolve(settings));
    let Transferred { rows, connections_at_source } = copy(&from, &to).await?;
    if let TransferPlace::Directory(directory) = &to {
        trust(directory)?;
    }
    print_text(&format!(
        "{rows} rows were copied from {from} to {to}, and compared\nDo not open both: they would give the \
         same numbers to different orders. Not copied: the settings, the key that signs tokens, mails and \
         the log"
    ))?;
    if connections_at_source > 0 {
        eprintln!(
            "souk: {connections_at_source} connections of Souk to {from} are open: what they have changed \
             since the copy began is not in it"
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Place {
    fn resolve(self, settings: &Settings) -> TransferPlace {
        match (self, settings.database()) {
            (Self::Named(place), _) => place,
            (Self::OfSettings, Some(database)) => TransferPlace::Database(database.clone()),
            (Self::OfSettings, None) => TransferPlace::Directory(settings.data.clone()),
        }
    }
}

/// Copies until it is done or a signal comes.
pub(super) async fn copy(
    from: &TransferPlace,
    to: &TransferPlace,
) -> Result<Transferred, CopyError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CopyError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CopyError::Signals)?;
    let schema = souk_actors::schema();
    let mut shown = Shown::default();
    let copied = tokio::select! {
        copied = transfer(&schema, from, to, |progress| shown.show(progress)) => copied.map_err(CopyError::from),
        _ = terminate.recv() => Err(CopyError::Stopped),
        _ = interrupt.recv() => Err(CopyError::Stopped),
    };
    shown.end();
    copied
}

/// Marks a store that was copied into a directory as the latest state of its shop.
fn trust(directory: &Path) -> Result<(), CopyError> {
    let schema = souk_actors::schema();
    let opened = Store::open(directory, &schema, Opening::Existing, Default::default());
    let store = opened.map_err(|error: OpenError| CopyError::Open(error.into()))?;
    souk_actors::moved_to(directory, &store).map_err(CopyError::StartFile)
}

/// What was last shown of the progress: a bar on a terminal, else a line now and then.
#[derive(Debug, Default)]
struct Shown {
    last: Option<(TransferStep, u64)>,
}

impl Shown {
    fn show(&mut self, progress: TransferProgress) {
        let percent = percent(progress);
        let is_terminal = io::stderr().is_terminal();
        let step = if is_terminal { 1 } else { LINE_EVERY };
        let now = (progress.step, percent / step);
        if self.last.replace(now) == Some(now) {
            return;
        }
        // Nobody reads the progress where it cannot be written.
        let _ = match is_terminal {
            true => write!(io::stderr(), "\r{}\x1b[K", bar(progress, percent)),
            false => writeln!(io::stderr(), "{} {percent} %", word(progress.step)),
        };
    }

    /// Leaves the line of the bar.
    fn end(&self) {
        if self.last.is_some() && io::stderr().is_terminal() {
            eprintln!();
        }
    }
}

fn percent(TransferProgress { done, total, .. }: TransferProgress) -> u64 {
    done.saturating_mul(100).checked_div(total).unwrap_or(100)
}

fn word(step: TransferStep) -> &'static str {
    match step {
        TransferStep::Copying => "copying",
        TransferStep::Comparing => "comparing",
    }
}

fn bar(progress: TransferProgress, percent: u64) -> String {
    let full = usize::try_from(percent.min(100) * BAR_CELLS / 100).unwrap_or_default();
    let empty = usize::try_from(BAR_CELLS).unwrap_or_default() - full;
    let TransferProgress { step, done, total } = progress;
    let (full, empty) = ("#".repeat(full), "-".repeat(empty));
    format!("{:<9} [{full}{empty}] {percent:>3} %  {done} of {total} rows", word(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_bad_ones_refused() {
        let shown = |text: &str| match text.parse::<Place>() {
            Ok(Place::Named(place)) => place.to_string(),
            Ok(Place::OfSettings) => "settings".to_owned(),
            Err(why) => why,
        };
        assert_eq!(shown("redb:data/old"), "redb:data/old");
        assert_eq!(shown("store"), "settings");
        assert_eq!(shown("postgres://ann:secret@db/shop"), "postgres://ann@db:5432/shop");
        for bad in ["", "redb:", "data", "mysql://db/shop"] {
            assert!(shown(bad).starts_with("write redb:DIR"), "{bad}: {}", shown(bad));
        }
        assert!(shown("postgres://db").contains("names no database"));
    }

    #[test]
    fn a_bar_shows_how_far_it_is() {
        let progress = |done, total| TransferProgress { step: TransferStep::Copying, done, total };
        let text = |it| bar(it, percent(it));
        assert_eq!(
            text(progress(50, 200)),
            "copying   [#######-----------------------]  25 %  50 of 200 rows"
        );
        let full = format!("copying   [{}] 100 %  0 of 0 rows", "#".repeat(30));
        assert_eq!(text(progress(0, 0)), full);
        // The source may have grown since it was counted.
        assert!(text(progress(300, 200)).contains("150 %"));
    }
}
