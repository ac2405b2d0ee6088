//! Fair turns: jobs wait in a line of their asker's own, and the lines are served one job each, in
//! turn. However much one asker brings, everybody else waits for at most one job of theirs.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs that may wait altogether.
pub(super) const WAITING_MAX: usize = 256;
/// Jobs of one asker that may wait.
pub(super) const WAITING_PER_ASKER_MAX: usize = 64;

/// Who wants something hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asker {
    /// The shop itself, such as its command line.
    Shop,
    /// A client, by its address.
    Client(IpAddr),
}

/// No room; the job that has to go may be another's.
pub(super) struct Displaced<Job>(pub(super) Job);

/// The jobs that wait.
pub(super) struct Turns<Job> {
    lines: Mutex<Lines<Job>>,
    arrived: Condvar,
}

struct Lines<Job> {
    /// No line is empty.
    of: HashMap<Asker, VecDeque<Job>>,
    /// Every asker with a line, once; the first is served next.
    order: VecDeque<Asker>,
    waiting: usize,
    is_closed: bool,
}

impl<Job> Turns<Job> {
    pub(super) fn new() -> Self {
        let lines =
            Lines { of: HashMap::new(), order: VecDeque::new(), waiting: 0, is_closed: false };
        Self { lines: Mutex::new(lines), arrived: Condvar::new() }
    }

    /// Adds a job to the end of its asker's line.
    ///
    /// # Errors
    /// [`Displaced`] with the job that is not done for want of room: this one if its asker has as
    /// many waiting as anybody, else the last one of the longest line.
    pub(super) fn join(&self, asker: Asker, job: Job) -> Result<(), Displaced<Job>> {
        let mut lines = self.lock();
        let own = lines.of.get(&asker).map_or(0, VecDeque::len);
        if own >= WAITING_PER_ASKER_MAX {
            return Err(Displaced(job));
        }
        let mut displaced = None;
        if lines.waiting >= WAITING_MAX {
            match lines.pop_from_a_line_longer_than(own + 1) {
                Some(last) => displaced = Some(last),
                None => return Err(Displaced(job)),
            }
        }
        lines.push(asker, job);
        drop(lines);
        self.arrived.notify_one();
        displaced.map_or(Ok(()), |last| Err(Displaced(last)))
    }

    /// Waits for the next job; `None` once nobody can bring one any more.
    pub(super) fn next(&self) -> Option<Job> {
        let mut lines = self.lock();
        loop {
            if let Some(job) = lines.pop() {
                return Some(job);
            }
            if lines.is_closed {
                return None;
            }
            lines = self.arrived.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets those who wait for jobs go once none is left.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Lines<Job>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Job> Lines<Job> {
    fn push(&mut self, asker: Asker, job: Job) {
        let line = self.of.entry(asker).or_default();
        if line.is_empty() {
            self.order.push_back(asker);
        }
        line.push_back(job);
        self.waiting += 1;
    }

    /// The first job of whoever is next, who then waits behind all others.
    fn pop(&mut self) -> Option<Job> {
        let asker = self.order.pop_front()?;
        let line = self.of.get_mut(&asker)?;
        let job = line.pop_front()?;
        if line.is_empty() {
            self.of.remove(&asker);
        } else {
            self.order.push_back(asker);
        }
        self.waiting -= 1;
        Some(job)
    }

    /// The last job of the longest line. It has more than one, so that none becomes empty.
    fn pop_from_a_line_longer_than(&mut self, least: usize) -> Option<Job> {
        let longest = self.of.values_mut().max_by_key(|line| line.len())?;
        if longest.len() <= least {
            return None;
        }
        self.waiting -= 1;
        longest.pop_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(number: u32) -> Asker {
        Asker::Client(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[test]
    fn askers_take_turns() {
        let turns = Turns::new();
        for job in ["a1", "a2", "a3"] {
            assert!(turns.join(client(1), job).is_ok());
        }
        assert!(turns.join(client(2), "b1").is_ok());
        assert!(turns.join(Asker::Shop, "s1").is_ok());
        turns.close();
        let served: Vec<_> = std::iter::from_fn(|| turns.next()).collect();
        assert_eq!(served, ["a1", "b1", "s1", "a2", "a3"]);
    }

    #[test]
    fn one_asker_leaves_room_for_others() {
        let turns = Turns::new();
        let joined = (0..WAITING_MAX * 2).filter(|job| turns.join(client(1), *job).is_ok()).count();
        assert_eq!(joined, WAITING_PER_ASKER_MAX);
        assert!(turns.join(client(2), 7).is_ok());
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_last_of_the_longest_line() {
        let turns = Turns::new();
        for greedy in 1..=4 {
            for job in 0..WAITING_PER_ASKER_MAX {
                assert!(turns.join(client(greedy), job).is_ok());
            }
        }
        let displaced = turns.join(client(9), 1_000).map_err(|Displaced(job)| job);
        assert_eq!(displaced, Err(WAITING_PER_ASKER_MAX - 1));
        turns.close();
        let served: Vec<_> = std::iter::from_fn(|| turns.next()).collect();
        assert_eq!(served.len(), WAITING_MAX);
        assert_eq!(served[4], 1_000);
    }

    #[test]
    fn many_askers_with_one_job_each_keep_their_places() {
        let turns = Turns::new();
        let all = u32::try_from(WAITING_MAX).expect("small");
        assert!((0..all).all(|number| turns.join(client(number), number).is_ok()));
        assert_eq!(turns.join(client(all), all).map_err(|Displaced(job)| job), Err(all));
    }
}
