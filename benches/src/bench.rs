//! Measures Souk as it runs for customers beside the floor it stands on, and prints one Markdown
//! table. `benches/run` builds everything and runs this.

mod floods;
mod histogram;
mod http;
mod load;
mod measure;
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

// The floors get the allocator of what stands on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A result of something that ends the whole benchmark if it fails.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// An error that is a sentence.
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
    /// The floor of product detail: warp alone, answering one answer again and again.
    BareWarp {
        /// Where to listen; port 0 takes a free one.
        #[arg(long)]
        listen: SocketAddr,
        /// A file with the answer, as it came over the wire.
        #[arg(long)]
        answer: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Measure {
    /// The binary that is measured.
    #[arg(long)]
    souk: PathBuf,
    /// An empty directory on the disk to measure on; whoever made it deletes it.
    #[arg(long)]
    scratch: PathBuf,
    /// Where prepared data is kept from one run to the next.
    #[arg(long)]
    cache: PathBuf,
    /// What is measured, for the table's caption.
    #[arg(long)]
    revision: String,
    /// Short rounds and a small catalogue: whether it runs, not how fast.
    #[arg(long)]
    quick: bool,
    /// Only this part.
    #[arg(long)]
    only: Option<Part>,
    /// Only the floods with this in their names.
    #[arg(long, requires = "only")]
    flood: Option<String>,
    /// The program nats-server, for the flood of log messages.
    #[arg(long)]
    nats_server: Option<PathBuf>,
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
    /// From exec to the first answer.
    Start,
    /// Hostile floods; only where asked for, they take minutes.
    Floods,
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Measure(measure) => measure::all(&measure).map(|report| print!("{report}")),
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
