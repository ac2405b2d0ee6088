//! A data file that stays unchanged until it is known to be ours.
//!
//! redb writes to every file it opens: an in-use flag, a repair, a last commit when it closes.
//! Until [`UntouchedFile::release`], all those writes are kept in memory. A file that is another
//! program's, damaged, or of another schema is rejected with not one byte changed.

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clones are the same file: redb gets one, the code that decides keeps another.
#[derive(Clone, Debug)]
pub(in crate::store) struct UntouchedFile {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: FileBackend,
    is_released: AtomicBool,
    /// redb's operations so far, in order. They affect few pages, even in a repair.
    steps: Mutex<Vec<Step>>,
}

#[derive(Debug)]
enum Step {
    Write { offset: u64, data: Vec<u8> },
    SetLen(u64),
    Sync,
}

impl UntouchedFile {
    pub(in crate::store) fn new(file: File) -> Result<Self, DatabaseError> {
        let shared = Shared {
            file: FileBackend::new(file)?,
            is_released: AtomicBool::new(false),
            steps: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Applies redb's operations so far to the file, and passes all later ones through.
    pub(in crate::store) fn release(&self) -> io::Result<()> {
        let mut steps = self.steps();
        for step in std::mem::take(&mut *steps) {
            match step {
                Step::Write { offset, data } => self.shared.file.write(offset, &data)?,
                Step::SetLen(len) => self.shared.file.set_len(len)?,
                Step::Sync => self.shared.file.sync_data()?,
            }
        }
        self.shared.is_released.store(true, Ordering::Release);
        Ok(())
    }

    fn steps(&self) -> MutexGuard<'_, Vec<Step>> {
        self.shared.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded operations, or `None` once the file was released.
    fn held(&self) -> Option<MutexGuard<'_, Vec<Step>>> {
        if self.shared.is_released.load(Ordering::Acquire) {
            return None;
        }
        let steps = self.steps();
        // The file cannot be released while the lock is held.
        (!self.shared.is_released.load(Ordering::Acquire)).then_some(steps)
    }

    fn len_after(&self, steps: &[Step]) -> io::Result<u64> {
        let set = steps.iter().rev().find_map(|step| match step {
            Step::SetLen(len) => Some(*len),
            Step::Write { .. } | Step::Sync => None,
        });
        set.map_or_else(|| self.shared.file.len(), Ok)
    }

    fn read_after(&self, steps: &[Step], offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset + out.len() as u64;
        if end > self.len_after(steps)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let in_file = overlap(offset, out.len(), 0, self.shared.file.len()?);
        out.fill(0);
        if let Some((start, length)) = in_file {
            self.shared.file.read(offset + start as u64, &mut out[start..start + length])?;
        }
        for step in steps {
            match step {
                Step::Write { offset: at, data } => {
                    if let Some((start, length)) =
                        overlap(offset, out.len(), *at, at + data.len() as u64)
                    {
                        let from = index(offset + start as u64 - at);
                        out[start..start + length].copy_from_slice(&data[from..from + length]);
                    }
                }
                Step::SetLen(len) => {
                    let kept = index(len.saturating_sub(offset).min(out.len() as u64));
                    out[kept..].fill(0);
                }
                Step::Sync => {}
            }
        }
        Ok(())
    }
}

/// The part (start, length) of `wanted` bytes at `offset` that lies between `from` and `to`.
fn overlap(offset: u64, wanted: usize, from: u64, to: u64) -> Option<(usize, usize)> {
    let start = offset.max(from);
    let end = (offset + wanted as u64).min(to);
    (start < end).then(|| (index(start - offset), index(end - start)))
}

fn index(octets: u64) -> usize {
    usize::try_from(octets).expect("a part of a buffer in memory")
}

impl StorageBackend for UntouchedFile {
    fn len(&self) -> io::Result<u64> {
        match self.held() {
            Some(steps) => self.len_after(&steps),
            None => self.shared.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.held() {
            Some(steps) => self.read_after(&steps, offset, out),
            None => self.shared.file.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match self.held() {
            Some(mut steps) => steps.push(Step::SetLen(len)),
            None => self.shared.file.set_len(len)?,
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.held() {
            Some(mut steps) => steps.push(Step::Sync),
            None => self.shared.file.sync_data()?,
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self.held() {
            Some(mut steps) => steps.push(Step::Write { offset, data: data.to_vec() }),
            None => self.shared.file.write(offset, data)?,
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.shared.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.shared.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.shared.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.shared.file.query_lock_range(start, end)
    }
}
