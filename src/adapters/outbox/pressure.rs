//! An outbox that nobody empties: said aloud long before it is full, and bounded.

use crate::adapters::tasks::{Interruption, Stop};
use souk_actors::clock;
use souk_actors::outbox::{Outbox, Reader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the outbox is looked at. It grows by no more than some ten thousand rows meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The alarm is given at this share of the bound.
const ALARM_SHARE: u64 = 10;
/// Or when the oldest row waits for the broker so long.
const ALARM_AGE: Duration = Duration::from_secs(10 * 60);

/// How full the outbox is.
#[derive(Debug)]
pub(crate) struct Pressure {
    max_rows: u64,
    is_high: AtomicBool,
    is_full: AtomicBool,
}

impl Pressure {
    /// An outbox that holds at most about so many rows that nobody has taken.
    pub(in crate::adapters) fn new(max_rows: u64) -> Arc<Self> {
        Arc::new(Self {
            max_rows,
            is_high: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        })
    }

    /// Whether an operator should look.
    pub(in crate::adapters) fn is_high(&self) -> bool {
        self.is_high.load(Ordering::Relaxed)
    }

    /// Whether the shop takes no more changes.
    pub(in crate::adapters) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    fn note(&self, pending: u64, age: Duration) {
        let is_full = pending >= self.max_rows;
        let is_high = is_full || pending >= self.max_rows / ALARM_SHARE || age >= ALARM_AGE;
        let (was_full, was_high) = (
            self.is_full.swap(is_full, Ordering::Relaxed),
            self.is_high.swap(is_high, Ordering::Relaxed),
        );
        let age_seconds = age.as_secs();
        if is_full && !was_full {
            tracing::error!(pending, age_seconds, "the outbox is full: changes are refused");
        } else if is_high && !was_high {
            tracing::error!(
                pending,
                age_seconds,
                max_rows = self.max_rows,
                "messages pile up in the outbox: nobody takes them"
            );
        } else if was_high && !is_high {
            tracing::info!(pending, "the outbox is emptied again");
        }
    }
}

/// Looks at the outbox again and again, until `stop`.
pub(in crate::adapters) async fn watch(
    outbox: Outbox,
    reader: Reader,
    pressure: Arc<Pressure>,
    stop: Stop,
) -> Result<(), Interruption> {
    loop {
        let (pending, oldest) = outbox.backlog(reader)?;
        let oldest = match reader {
            Reader::Broker => oldest,
            // One mail that a mail server puts off for hours is nothing unusual.
            Reader::Mail => None,
        };
        let millis = oldest.map_or(0, |oldest| clock::now().get() - oldest.get());
        pressure.note(pending, Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = stop.requested() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarm_comes_long_before_the_bound() {
        let pressure = Pressure::new(1_000);
        let young = Duration::from_secs(1);
        let told = |pending, age| {
            pressure.note(pending, age);
            (pressure.is_high(), pressure.is_full())
        };
        assert_eq!(told(99, young), (false, false));
        assert_eq!(told(100, young), (true, false));
        assert_eq!(told(999, young), (true, false));
        assert_eq!(told(1_000, young), (true, true));
        assert_eq!(told(1, ALARM_AGE), (true, false));
        assert_eq!(told(0, Duration::ZERO), (false, false));
    }
}
