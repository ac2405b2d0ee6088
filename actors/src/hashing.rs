//! Password hashing: argon2id on dedicated threads, so that many simultaneous log-ins do not slow
//! down the rest of the shop (design, "Floors and peers").
//!
//! The threads run at low priority, reuse their memory, and take work from bounded queues, one for
//! each client ([`crate::fair_queue`]). A client whose queue is full must retry; other clients are
//! not affected.

use crate::Failure;
use crate::fair_queue::{Displaced, FairQueue, WaitingBounds};
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use sha2::{Digest, Sha256};
use souk_domain::Password;
use std::any::Any;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Memory of one hash, in KiB (OWASP's first choice for argon2id, with [`PASSES`]).
const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Parallelism of argon2.
const LANES: u32 = 1;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bounds of the queues of waiting passwords.
const WAITING: WaitingBounds = WaitingBounds { all_max: 256, per_requester_max: 64 };
/// The lowest scheduling priority (the highest nice value), so that hashing yields to all other
/// work.
const LOWEST_PRIORITY: i32 = 19;

/// A hash in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// `None` if the salt or the hash has a length that PHC strings do not allow.
    fn of(salt: &[u8], hash: &[u8], params: &Params) -> Option<Self> {
        let written = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: params.try_into().ok()?,
            salt: Some(phc::Salt::new(salt).ok()?),
            hash: Some(phc::Output::new(hash).ok()?),
        };
        Some(Self(written.to_string()))
    }

    /// A hash from its string form, unchecked.
    pub(crate) fn of_text(text: String) -> Self {
        Self(text)
    }

    /// The string form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A fingerprint that identifies this hash without revealing it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// The queue that a job waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum QueueKey {
    /// The shop itself, such as its command line.
    Shop,
    /// A client, by its address.
    Client(IpAddr),
}

/// The hashing threads. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    jobs: Arc<Jobs>,
    /// Compared with when there is no such user, so that an unknown name takes as long as a wrong
    /// password.
    absent_user: Arc<PasswordHash>,
    computed: Arc<AtomicU64>,
}

/// The senders' handle to the queue: when the last clone is dropped, the threads end.
struct Jobs(Arc<FairQueue<QueueKey, Job>>);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Job {
    password: Password,
    /// `None` makes a new hash; `Some` compares with it.
    against: Option<PasswordHash>,
    answer: oneshot::Sender<Outcome>,
}

enum Outcome {
    Hashed(PasswordHash),
    Compared(bool),
    Displaced,
    Failed,
    Panicked(Box<dyn Any + Send>),
}

impl Hasher {
    /// Starts half as many threads as there are cores, at least one.
    ///
    /// # Errors
    /// Fails if a thread cannot be started.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let jobs = Arc::new(Jobs(Arc::new(FairQueue::new(WAITING))));
        let computed = Arc::new(AtomicU64::new(0));
        for number in 0..(cores / 2).max(1) {
            let (waiting, computed) = (Arc::clone(&jobs.0), Arc::clone(&computed));
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || hash_until_closed(&waiting, &computed))?;
        }
        let salt = crate::random_bytes::<SALT_BYTES>();
        let absent_user = PasswordHash::of(&salt, &[0; HASH_BYTES], &current_params())
            .expect("the form has room for them");
        Ok(Self { jobs, absent_user: Arc::new(absent_user), computed })
    }

    /// How many hashes were computed since the start, for new passwords and for comparisons.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Hashes a new password with a new salt, for the shop itself, such as its command line.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many jobs wait.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Failure> {
        self.new_hash(QueueKey::Shop, password).await
    }

    /// Like [`Self::hash`], for a client; the job waits in the queue of the client's address.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many jobs wait.
    pub async fn hash_for(
        &self,
        client: IpAddr,
        password: Password,
    ) -> Result<PasswordHash, Failure> {
        self.new_hash(QueueKey::Client(client), password).await
    }

    async fn new_hash(&self, queue: QueueKey, password: Password) -> Result<PasswordHash, Failure> {
        match self.ask(queue, password, None).await? {
            Outcome::Hashed(hash) => Ok(hash),
            Outcome::Displaced => Err(Failure::Busy),
            _ => Err(Failure::Unavailable),
        }
    }

    /// Compares a password with a hash, for a client; the job waits in the queue of the client's
    /// address. Without a hash (no such user), it takes as long and returns false.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many jobs wait.
    pub async fn matches(
        &self,
        client: IpAddr,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Failure> {
        let user_exists = hash.is_some();
        let against = hash.unwrap_or_else(|| (*self.absent_user).clone());
        match self.ask(QueueKey::Client(client), password, Some(against)).await? {
            Outcome::Compared(matches) => Ok(matches && user_exists),
            Outcome::Displaced => Err(Failure::Busy),
            _ => Err(Failure::Unavailable),
        }
    }

    async fn ask(
        &self,
        queue: QueueKey,
        password: Password,
        against: Option<PasswordHash>,
    ) -> Result<Outcome, Failure> {
        let (answer, outcome) = oneshot::channel();
        if let Err(Displaced(job)) = self.jobs.0.join(queue, Job { password, against, answer }) {
            // The caller may have stopped waiting.
            let _ = job.answer.send(Outcome::Displaced);
        }
        match outcome.await.map_err(|_| Failure::Unavailable)? {
            Outcome::Panicked(panic) => resume_unwind(panic),
            outcome => Ok(outcome),
        }
    }
}

fn hash_until_closed(jobs: &FairQueue<QueueKey, Job>, computed: &AtomicU64) {
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST_PRIORITY)
    {
        tracing::warn!(%error, "password hashing runs at normal priority");
    }
    let mut memory = Vec::new();
    work_until_closed(jobs, |job| {
        let outcome = run(&mut memory, job);
        if matches!(outcome, Outcome::Hashed(_) | Outcome::Compared(_)) {
            computed.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    });
}

fn work_until_closed(jobs: &FairQueue<QueueKey, Job>, mut run: impl FnMut(&Job) -> Outcome) {
    jobs.work(|job| {
        if job.answer.is_closed() {
            return;
        }
        // A panic continues in the caller and not in this thread, which may be the only one.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| run(&job))).unwrap_or_else(Outcome::Panicked);
        // The caller may have stopped waiting.
        let _ = job.answer.send(outcome);
    });
}

/// Runs a job. `memory` is reused by the next one.
fn run(memory: &mut Vec<Block>, job: &Job) -> Outcome {
    let password = job.password.as_bytes();
    let Some(known) = &job.against else {
        let salt = crate::random_bytes::<SALT_BYTES>();
        let hash = hash_with(memory, password, &salt, current_params());
        return hash.map_or(Outcome::Failed, Outcome::Hashed);
    };
    let mut compared = || {
        let known = phc::PasswordHash::new(&known.0).ok()?;
        // Uses the stored hash's own parameters, which may differ from the current ones.
        let params = Params::try_from(&known).ok()?;
        let hash = hash_with(memory, password, known.salt?.as_ref(), params)?;
        let hash = phc::PasswordHash::new(&hash.0).ok()?;
        // Outputs are compared in constant time.
        Some(known.algorithm == hash.algorithm && known.hash? == hash.hash?)
    };
    compared().map_or(Outcome::Failed, Outcome::Compared)
}

/// The parameters of new hashes.
fn current_params() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))
        .expect("argon2 accepts these parameters")
}

/// The argon2id hash of a password; `None` if argon2 cannot do it.
fn hash_with(
    memory: &mut Vec<Block>,
    password: &[u8],
    salt: &[u8],
    params: Params,
) -> Option<PasswordHash> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let mut hash = vec![0; params.output_len().unwrap_or(HASH_BYTES)];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password, salt, &mut hash, &mut memory[..blocks]).ok()?;
    PasswordHash::of(salt, &hash, argon2.params())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn password(text: &str) -> Password {
        Password::choose(text.to_owned()).expect("long enough")
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_and_no_other() {
        let hasher = Hasher::start().expect("threads");
        let matches = |text: &str, hash| hasher.matches(HERE, password(text), hash);
        let hash = hasher.hash(password("password123")).await.expect("a hash");
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches("password123", Some(hash.clone())).await.expect("ran"));
        assert!(!matches("password124", Some(hash)).await.expect("ran"));
        assert!(!matches("password123", None).await.expect("ran"));
        let other = hasher.hash_for(HERE, password("password123")).await.expect("a hash");
        assert!(matches("password123", Some(other)).await.expect("ran"));
    }

    #[tokio::test]
    async fn an_unknown_user_costs_one_hash_of_the_same_parameters_as_a_known_one() {
        let hasher = Hasher::start().expect("threads");
        let known = hasher.hash(password("password123")).await.expect("a hash");
        let cost = |hash: &PasswordHash| {
            let hash = phc::PasswordHash::new(&hash.0).expect("PHC");
            let lengths = (hash.salt.map(|salt| salt.as_ref().len()), hash.hash.map(|it| it.len()));
            (hash.algorithm, Params::try_from(&hash).expect("parameters"), lengths)
        };
        assert_eq!(cost(&hasher.absent_user), cost(&known));
        for hash in [Some(known), None] {
            let before = hasher.computed();
            assert!(!hasher.matches(HERE, password("password124"), hash).await.expect("ran"));
            assert_eq!(hasher.computed(), before + 1);
        }
    }

    #[tokio::test]
    async fn a_hash_keeps_the_parameters_of_its_day() {
        let hasher = Hasher::start().expect("threads");
        let older = Params::new(8, 1, 1, Some(16)).expect("parameters");
        let hash = hash_with(&mut Vec::new(), b"password123", b"sixteen bytes ok", older);
        let hash = hash.expect("a hash");
        assert!(hash.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash:?}");
        let matches = |text: &str| hasher.matches(HERE, password(text), Some(hash.clone()));
        assert!(matches("password123").await.expect("ran"));
        assert!(!matches("password124").await.expect("ran"));
    }

    #[tokio::test]
    async fn a_client_that_asks_too_much_is_refused_and_nobody_else_is() {
        let hasher = Hasher::start().expect("threads");
        let storm: Vec<_> = (0..WAITING.all_max * 2)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.hash_for(HERE, password("password123")).await })
            })
            .collect();
        // By this job's turn, the whole storm has been queued.
        tokio::task::yield_now().await;
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let matches = hasher.matches(other, password("password123"), None).await;
        assert!(matches!(matches, Ok(false)));
        let mut busy = 0;
        for one in storm {
            match one.await.expect("no panic") {
                Ok(_) => {}
                Err(Failure::Busy) => busy += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(busy > 0);
    }

    #[tokio::test]
    async fn a_job_that_panics_fails_its_caller_and_the_next_job_is_done() {
        let jobs = Arc::new(FairQueue::new(WAITING));
        let working = Arc::clone(&jobs);
        let thread = std::thread::spawn(move || {
            let mut is_first = true;
            work_until_closed(&working, |_| {
                match std::mem::take(&mut is_first) {
                    // A panic that prints nothing to standard error.
                    true => resume_unwind(Box::new("intended")),
                    false => Outcome::Compared(true),
                }
            });
        });
        let absent_user = Arc::new(PasswordHash(String::new()));
        let hasher = Hasher { jobs: Arc::new(Jobs(jobs)), absent_user, computed: Arc::default() };
        let hash = hasher.absent_user.as_ref().clone();
        let matches = |hasher: Hasher| {
            let hash = hash.clone();
            async move { hasher.matches(HERE, password("password123"), Some(hash)).await }
        };
        let first = tokio::spawn(matches(hasher.clone()));
        assert!(first.await.is_err_and(|error| error.is_panic()));
        assert!(matches(hasher.clone()).await.expect("the thread goes on"));
        drop((hasher, matches));
        thread.join().expect("the thread ends when the last sender is dropped");
    }
}
