//! Mails that were sent before an older one, which waits for its retry. The process that takes over
//! the outbox's mails does not send them again.

use super::stored::SENT;
use super::{Outbox, Reader, acknowledge};
use crate::Failure;
use crate::store::{Direction, Read, StoreError};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

impl Outbox {
    /// Mails after the mailer's cursor that are recorded as sent or given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sent(&self) -> Result<BTreeSet<u64>, StoreError> {
        let mut sent = BTreeSet::new();
        self.store.snapshot().visit(SENT, &0, None, Direction::Ascending, |sequence, ()| {
            sent.insert(sequence);
            ControlFlow::Continue(())
        })?;
        Ok(sent)
    }

    /// Durably records that the mailer has finished every row up to `through`, and the mails `sent`
    /// after it.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn acknowledge_mails(
        &self,
        through: u64,
        sent: BTreeSet<u64>,
    ) -> Result<(), Failure> {
        let sent = Arc::new(sent);
        let record = move |unit| {
            let sent = Arc::clone(&sent);
            async move {
                acknowledge(&unit, Reader::Mail, through)?;
                for sequence in sent.range(through.saturating_add(1)..) {
                    unit.put(SENT, sequence, &())?;
                }
                let end = through.saturating_add(1);
                let mut passed = Vec::new();
                unit.visit(SENT, &0, Some(&end), Direction::Ascending, |sequence, ()| {
                    passed.push(sequence);
                    ControlFlow::Continue(())
                })?;
                for sequence in passed {
                    unit.delete(SENT, &sequence)?;
                }
                Ok(())
            }
        };
        self.store.transact(record).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use souk_domain::Currency;

    #[tokio::test]
    async fn mails_sent_out_of_order_are_remembered_until_the_cursor_passes_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), crate::outbox::TABLES);
        let outbox = Outbox::open(store, Currency::USD).await.expect("opens");
        let state = || {
            let sent: Vec<u64> = outbox.sent().expect("read").into_iter().collect();
            (outbox.cursor(Reader::Mail).expect("read"), sent)
        };
        assert_eq!(state(), (0, vec![]));

        outbox.acknowledge_mails(2, BTreeSet::from([1, 2, 4, 300])).await.expect("recorded");
        assert_eq!(state(), (2, vec![4, 300]));
        outbox.acknowledge_mails(2, BTreeSet::from([7])).await.expect("recorded");
        assert_eq!(state(), (2, vec![4, 7, 300]));
        outbox.acknowledge_mails(7, BTreeSet::new()).await.expect("recorded");
        assert_eq!(state(), (7, vec![300]));
    }
}
