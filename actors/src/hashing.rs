//! Password hashing: argon2id on threads of its own, so that a storm of log-ins leaves the rest
//! of the shop fast (design, "Floors and peers").
//!
//! The threads run at low priority, reuse their memory, and take work from a bounded queue; past
//! the bound a log-in is told to come back.

use crate::Failure;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use sha2::{Digest, Sha256};
use souk_domain::Password;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

/// Memory of one hash, in KiB (OWASP's first choice for argon2id, with [`PASSES`]).
const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Octets of a hash.
const HASH_BYTES: usize = 32;
/// Octets of a salt.
const SALT_BYTES: usize = 16;
/// Hashes that may wait: at 14 ms each, under two seconds of waiting.
const MAX_WAITING_HASHES: usize = 128;
/// The nicest there is: hashing takes what nobody else wants.
const LOWEST_PRIORITY: i32 = 19;

/// A hash in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Names this hash without repeating it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// The hashing threads. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    jobs: mpsc::SyncSender<Job>,
    /// Compared with where there is no user, so that an unknown name takes as long as a wrong
    /// password.
    nobody: Arc<PasswordHash>,
}

struct Job {
    password: Password,
    /// `None`: make a new hash; else: compare.
    against: Option<PasswordHash>,
    answer: oneshot::Sender<Outcome>,
}

enum Outcome {
    Hashed(PasswordHash),
    Compared(bool),
    Failed,
}

impl Hasher {
    /// Starts half as many threads as there are cores, at least one.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (jobs, received) = mpsc::sync_channel(MAX_WAITING_HASHES);
        let received = Arc::new(Mutex::new(received));
        for number in 0..(cores / 2).max(1) {
            let received = Arc::clone(&received);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || hash_until_closed(&received))?;
        }
        let nobody = PasswordHash(encode(&crate::random_bytes::<SALT_BYTES>(), &[0; HASH_BYTES]));
        Ok(Self { jobs, nobody: Arc::new(nobody) })
    }

    /// The hash of a new password, with a salt of its own.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many wait.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Failure> {
        match self.ask(password, None).await? {
            Outcome::Hashed(hash) => Ok(hash),
            Outcome::Compared(_) | Outcome::Failed => Err(Failure::Unavailable),
        }
    }

    /// Whether a password is the one that was hashed. Takes as long without a hash (no such
    /// user), and is then false.
    ///
    /// # Errors
    /// [`Failure::Busy`] if too many wait.
    pub async fn matches(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Failure> {
        let is_somebody = hash.is_some();
        let against = hash.unwrap_or_else(|| (*self.nobody).clone());
        match self.ask(password, Some(against)).await? {
            Outcome::Compared(matches) => Ok(matches && is_somebody),
            Outcome::Hashed(_) | Outcome::Failed => Err(Failure::Unavailable),
        }
    }

    async fn ask(
        &self,
        password: Password,
        against: Option<PasswordHash>,
    ) -> Result<Outcome, Failure> {
        let (answer, outcome) = oneshot::channel();
        self.jobs.try_send(Job { password, against, answer }).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => Failure::Busy,
            mpsc::TrySendError::Disconnected(_) => Failure::Unavailable,
        })?;
        outcome.await.map_err(|_| Failure::Unavailable)
    }
}

fn hash_until_closed(jobs: &Mutex<mpsc::Receiver<Job>>) {
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST_PRIORITY)
    {
        tracing::warn!(%error, "password hashing runs at normal priority");
    }
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))
        .expect("argon2 accepts these parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut memory: Vec<Block> = Vec::new();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if job.answer.is_closed() {
            continue;
        }
        if memory.is_empty() {
            memory.resize(argon2.params().block_count(), Block::new());
        }
        let outcome = run(&argon2, &mut memory, &job);
        // Whoever asked may have gone meanwhile.
        let _ = job.answer.send(outcome);
    }
}

fn run(argon2: &Argon2<'_>, memory: &mut [Block], job: &Job) -> Outcome {
    let mut hash_with = |salt: &[u8]| {
        let mut hash = [0; HASH_BYTES];
        argon2
            .hash_password_into_with_memory(job.password.as_bytes(), salt, &mut hash, &mut *memory)
            .ok()
            .map(|()| hash)
    };
    match &job.against {
        None => {
            let salt = crate::random_bytes::<SALT_BYTES>();
            match hash_with(&salt) {
                Some(hash) => Outcome::Hashed(PasswordHash(encode(&salt, &hash))),
                None => Outcome::Failed,
            }
        }
        Some(known) => match decode(known) {
            Some((salt, expected)) => match hash_with(&salt) {
                Some(hash) => Outcome::Compared(bool::from(hash.ct_eq(&expected))),
                None => Outcome::Failed,
            },
            None => Outcome::Failed,
        },
    }
}

const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

fn encode(salt: &[u8], hash: &[u8]) -> String {
    use base64ct::{Base64Unpadded, Encoding};
    format!(
        "{PREFIX}{}${}",
        Base64Unpadded::encode_string(salt),
        Base64Unpadded::encode_string(hash)
    )
}

fn decode(hash: &PasswordHash) -> Option<(Vec<u8>, Vec<u8>)> {
    use base64ct::{Base64Unpadded, Encoding};
    let (salt, hash) = hash.0.strip_prefix(PREFIX)?.split_once('$')?;
    Some((Base64Unpadded::decode_vec(salt).ok()?, Base64Unpadded::decode_vec(hash).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::choose(text.to_owned()).expect("long enough")
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_and_no_other() {
        let hasher = Hasher::start().expect("threads");
        let hash = hasher.hash(password("password123")).await.expect("a hash");
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.matches(password("password123"), Some(hash.clone())).await.expect("ran"));
        assert!(!hasher.matches(password("password124"), Some(hash)).await.expect("ran"));
        assert!(!hasher.matches(password("password123"), None).await.expect("ran"));
    }

    #[tokio::test]
    async fn past_the_bound_the_hasher_is_busy() {
        let hasher = Hasher::start().expect("threads");
        let storm: Vec<_> = (0..MAX_WAITING_HASHES * 4)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.matches(password("password123"), None).await })
            })
            .collect();
        let mut busy = 0;
        for one in storm {
            match one.await.expect("no panic") {
                Ok(matches) => assert!(!matches),
                Err(Failure::Busy) => busy += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(busy > 0);
    }
}
