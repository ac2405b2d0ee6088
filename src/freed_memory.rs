//! Gives freed memory back to the system.
//!
//! mimalloc keeps the pages that were freed until a thread has allocated much more, or ends. After a
//! flood a quiet shop does neither, and would keep all that the flood took. So a thread ends
//! regularly, which makes mimalloc return what has been free for a second (its `purge_delay`).

use std::hint::black_box;
use std::io;
use std::thread;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often free pages are given back.
const EVERY: Duration = Duration::from_secs(1);

/// Gives free pages back, again and again.
pub(crate) async fn give_back_regularly() {
    let mut rounds = interval(EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = give_back() {
            tracing::debug!(%error, "freed memory is given back later");
        }
    }
}

/// Starts a thread that ends at once. mimalloc knows only threads that have allocated.
fn give_back() -> io::Result<()> {
    let ending = thread::Builder::new().name("giving-back".to_owned());
    ending.spawn(|| drop(black_box(Box::new(0_u8)))).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: usize = 1024 * 1024;

    /// Octets of this process in memory that belong to no file.
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("read");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a size");
        let kibibytes = line.trim().strip_suffix(" kB").expect("a unit");
        kibibytes.parse::<usize>().expect("a number") * 1024
    }

    #[tokio::test]
    async fn freed_memory_is_given_back_while_nothing_is_allocated() {
        let before = resident();
        let blocks: Vec<Vec<u8>> = (0..8 * 1024).map(|_| vec![1; 8 * 1024]).collect();
        assert!(resident() >= before + 64 * MEBIBYTE);
        drop(blocks);
        let giving_back = tokio::spawn(give_back_regularly());
        let returned = async {
            while resident() > before + 8 * MEBIBYTE {
                tokio::time::sleep(EVERY / 10).await;
            }
        };
        let in_time = tokio::time::timeout(60 * EVERY, returned).await;
        assert!(in_time.is_ok(), "{} octets, {before} before", resident());
        giving_back.abort();
    }
}
