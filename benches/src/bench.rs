//! Measures Souk with its production profile next to a floor, and prints one Markdown
//! table. `benches/run` builds everything and runs this.

mod cores;
mod floods;
mod http;
mod latencies;
mod load;
mod measure;
mod postgres;
mod priority;
mod probe;
mod process;
mod raw_store;
mod report;
mod store_rows;
mod warp_floor;
mod world;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

// The floors use the same allocator as Souk.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The result of a step; a failure ends the whole benchmark.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// An error with a message.
fn complaint(sentence: impl Into<String>) -> Box<dyn Error + Send + Sync> {
    sentence.into().into()
}

#[derive(Debug, Parser)]
#[command(about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, and print the table.
    Measure(Measure),
    /// The floor of product detail: warp alone, always with the same answer.
    BareWarp {
        /// Where to listen; port 0 picks a free port.
        #[arg(long)]
        listen: SocketAddr,
        /// A file with the answer, as received from Souk.
        #[arg(long)]
        answer: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Measure {
    /// The binary to measure.
    #[arg(long)]
    souk: PathBuf,
    /// An empty directory on the disk to measure; the caller deletes it.
    #[arg(long)]
    scratch: PathBuf,
    /// Where prepared data is kept between runs.
    #[arg(long)]
    cache: PathBuf,
    /// The measured revision, for the table's caption.
    #[arg(long)]
    revision: String,
    /// Short rounds and a small catalogue: a smoke test, not a measurement.
    #[arg(long)]
    quick: bool,
    /// Only this part.
    #[arg(long)]
    only: Option<Part>,
    /// An older binary to compare with, instead of the other parts.
    #[arg(long, value_name = "BINARY", conflicts_with_all = ["only", "flood"])]
    against: Option<PathBuf>,
    /// Only the floods whose name contains this.
    #[arg(long, requires = "only")]
    flood: Option<String>,
    /// The nats-server binary, for the flood of log messages.
    #[arg(long)]
    nats_server: Option<PathBuf>,
    /// The directory of PostgreSQL's programs, for the part `postgres`.
    #[arg(long)]
    postgres: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Product detail against bare warp.
    Product,
    /// Durable checkout against raw redb.
    Checkout,
    /// Product detail during storms.
    Tail,
    /// Memory of an idle server.
    Memory,
    /// Lists and searches in a small and in a large shop.
    Lists,
    /// From exec to the first answer.
    Start,
    /// Hostile floods; only on request, because they take minutes.
    Floods,
    /// The shop on PostgreSQL against plain statements; only on request, because it needs PostgreSQL.
    Postgres,
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Measure(measure) => match &measure.against {
            Some(older) => {
                measure::against::all(&measure, older).map(|comparison| print!("{comparison}"))
            }
            None => measure::all(&measure).map(|report| print!("{report}")),
        },
        Command::BareWarp { listen, answer } => warp_floor::serve(listen, &answer),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("souk-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
