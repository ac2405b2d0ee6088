//! A fair queue: every requester has a queue of its own, and the queues are served in turn, one job
//! each. However many jobs one requester adds, the others wait for at most one of them per round.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bounds on the number of waiting jobs.
#[derive(Clone, Copy, Debug)]
pub struct WaitingBounds {
    /// Jobs of all requesters together.
    pub all_max: usize,
    /// Jobs of each requester.
    pub per_requester_max: usize,
}

/// The queue is full; this job was dropped, which may be another requester's.
#[derive(Debug)]
pub struct Displaced<Job>(pub Job);

/// The waiting jobs.
#[derive(Debug)]
pub struct FairQueue<Requester, Job> {
    bounds: WaitingBounds,
    queues: Mutex<Queues<Requester, Job>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Queues<Requester, Job> {
    /// Contains no empty queues.
    of: HashMap<Requester, VecDeque<Job>>,
    /// Every requester with a queue, once; the first is served next.
    order: VecDeque<Requester>,
    waiting: usize,
    /// The requesters of the running jobs, one entry per job.
    running: Vec<Requester>,
    running_per_requester_max: usize,
    is_closed: bool,
}

impl<Requester: Copy + Eq + Hash, Job> FairQueue<Requester, Job> {
    /// An empty queue.
    pub fn new(bounds: WaitingBounds) -> Self {
        let queues = Queues {
            of: HashMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            running: Vec::new(),
            running_per_requester_max: usize::MAX,
            is_closed: false,
        };
        Self { bounds, queues: Mutex::new(queues), arrived: Condvar::new() }
    }

    /// Limits how many jobs of one requester run at once, from now on. At first nothing limits them.
    pub fn limit_running(&self, per_requester_max: usize) {
        let mut queues = self.lock();
        let before =
            std::mem::replace(&mut queues.running_per_requester_max, per_requester_max.max(1));
        let is_raised = before < queues.running_per_requester_max;
        drop(queues);
        if is_raised {
            self.arrived.notify_all();
        }
    }

    /// Adds a job to the end of its requester's queue.
    ///
    /// # Errors
    /// [`Displaced`] with the job that was dropped because the queue is full: this one if its
    /// requester has the longest queue, else the last one of the longest queue.
    pub fn join(&self, requester: Requester, job: Job) -> Result<(), Displaced<Job>> {
        let mut queues = self.lock();
        let own = queues.of.get(&requester).map_or(0, VecDeque::len);
        if own >= self.bounds.per_requester_max {
            return Err(Displaced(job));
        }
        let mut displaced = None;
        if queues.waiting >= self.bounds.all_max {
            match queues.pop_from_a_queue_longer_than(own + 1) {
                Some(last) => displaced = Some(last),
                None => return Err(Displaced(job)),
            }
        }
        queues.push(requester, job);
        let may_run = queues.may_run(requester);
        drop(queues);
        // Otherwise the worker that finishes one of the requester's jobs takes the next one.
        if may_run {
            self.arrived.notify_one();
        }
        displaced.map_or(Ok(()), |last| Err(Displaced(last)))
    }

    /// Runs jobs on this thread until the queue is closed and empty. Several threads may do so at
    /// once. `run` must not panic.
    pub fn work(&self, mut run: impl FnMut(Job)) {
        let mut finished = None;
        while let Some((requester, job)) = self.next(finished) {
            run(job);
            finished = Some(requester);
        }
    }

    /// Ends a job of `finished` and waits for the next one; `None` once the queue is closed and no
    /// job is left that this thread may run.
    fn next(&self, finished: Option<Requester>) -> Option<(Requester, Job)> {
        let mut queues = self.lock();
        if let Some(requester) = finished {
            queues.finish(requester);
        }
        loop {
            if let Some(next) = queues.pop() {
                return Some(next);
            }
            if queues.is_closed {
                return None;
            }
            queues = self.arrived.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the queue: workers stop once no job is left.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queues<Requester, Job>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Requester: Copy + Eq + Hash, Job> Queues<Requester, Job> {
    fn push(&mut self, requester: Requester, job: Job) {
        let queue = self.of.entry(requester).or_default();
        if queue.is_empty() {
            self.order.push_back(requester);
        }
        queue.push_back(job);
        self.waiting += 1;
    }

    fn may_run(&self, requester: Requester) -> bool {
        let running = self.running.iter().filter(|other| **other == requester).count();
        running < self.running_per_requester_max
    }

    /// The first job of the next requester that may run one. This requester then moves to the end of the
    /// order.
    fn pop(&mut self) -> Option<(Requester, Job)> {
        // Only requesters with running jobs are passed over, so at most one for each worker.
        let position = self.order.iter().position(|requester| self.may_run(*requester))?;
        let requester = self.order.remove(position)?;
        let queue = self.of.get_mut(&requester)?;
        let job = queue.pop_front()?;
        if queue.is_empty() {
            self.of.remove(&requester);
        } else {
            self.order.push_back(requester);
        }
        self.waiting -= 1;
        self.running.push(requester);
        Some((requester, job))
    }

    fn finish(&mut self, requester: Requester) {
        if let Some(position) = self.running.iter().position(|running| *running == requester) {
            self.running.swap_remove(position);
        }
    }

    /// Removes the last job of the longest queue, if that queue is longer than `least`. At least
    /// one job stays in the queue, so no empty queue is left.
    fn pop_from_a_queue_longer_than(&mut self, least: usize) -> Option<Job> {
        let longest = self.of.values_mut().max_by_key(|queue| queue.len())?;
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

    const BOUNDS: WaitingBounds = WaitingBounds { all_max: 256, per_requester_max: 64 };

    /// Every job of the queue, in the order in which they run.
    fn served<Job>(queue: FairQueue<u32, Job>) -> Vec<Job> {
        let mut served = Vec::new();
        queue.close();
        queue.work(|job| served.push(job));
        served
    }

    #[test]
    fn requesters_take_turns() {
        let queue = FairQueue::new(BOUNDS);
        for job in ["a1", "a2", "a3"] {
            assert!(queue.join(1, job).is_ok());
        }
        assert!(queue.join(2, "b1").is_ok());
        assert!(queue.join(3, "s1").is_ok());
        let served = served(queue);
        assert_eq!(served, ["a1", "b1", "s1", "a2", "a3"]);
    }

    #[test]
    fn one_requester_leaves_room_for_others() {
        let queue = FairQueue::new(BOUNDS);
        let joined = (0..BOUNDS.all_max * 2).filter(|job| queue.join(1, *job).is_ok()).count();
        assert_eq!(joined, BOUNDS.per_requester_max);
        assert!(queue.join(2, 7).is_ok());
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_last_of_the_longest_line() {
        let queue = FairQueue::new(BOUNDS);
        for greedy in 1..=4 {
            for job in 0..BOUNDS.per_requester_max {
                assert!(queue.join(greedy, job).is_ok());
            }
        }
        let displaced = queue.join(9, 1_000).map_err(|Displaced(job)| job);
        assert_eq!(displaced, Err(BOUNDS.per_requester_max - 1));
        let served = served(queue);
        assert_eq!(served.len(), BOUNDS.all_max);
        assert_eq!(served[4], 1_000);
    }

    #[test]
    fn many_requesters_with_one_job_each_keep_their_places() {
        let queue = FairQueue::new(BOUNDS);
        let all = u32::try_from(BOUNDS.all_max).expect("small");
        assert!((0..all).all(|number| queue.join(number, number).is_ok()));
        assert_eq!(queue.join(all, all).map_err(|Displaced(job)| job), Err(all));
    }

    #[test]
    fn a_requester_at_its_limit_leaves_the_other_workers_to_others() {
        let queue = FairQueue::new(BOUNDS);
        queue.limit_running(1);
        for job in ["a1", "a2", "a3"] {
            assert!(queue.join(1, job).is_ok());
        }
        assert_eq!(queue.next(None), Some((1, "a1")));
        assert!(queue.join(2, "b1").is_ok());
        assert_eq!(queue.next(None), Some((2, "b1")), "a2 waits for the end of a1");
        assert_eq!(queue.next(Some(1)), Some((1, "a2")));
        queue.limit_running(2);
        assert_eq!(queue.next(Some(2)), Some((1, "a3")), "two of its jobs may run now");
    }

    #[test]
    fn closing_ends_every_worker_and_leaves_no_job() {
        let queue = FairQueue::new(BOUNDS);
        queue.limit_running(1);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| queue.work(|job| done.lock().expect("no panic").push(job)));
            }
            for job in 0..20 {
                assert!(queue.join(1, job).is_ok());
            }
            queue.close();
        });
        assert_eq!(done.into_inner().expect("no panic"), Vec::from_iter(0..20));
    }
}
