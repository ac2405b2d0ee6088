//! The ledger: every movement of money as a double entry in minor units. An entry is appended in
//! the turn of its movement and never changed.
//!
//! | account | content | grows by |
//! |---|---|---|
//! | gateway | the shop's money at the gateway | debit |
//! | receivable | what customers owe; negative if the shop owes them | debit |
//! | sales | what the shop earned | credit |
//! | refunds | how much of that was refunded | debit |
//! | disputes | what customers' banks took back | debit |
//! | archived | sales of deleted orders whose money was kept | credit |

use super::Payment;
use super::stored::{BALANCES, ENTRIES, ENTRIES_OF_ORDER};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use crate::{Failure, ids, orders};
use souk_domain::{Money, OrderId, PaymentId, UnixMillis};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The counter of the entries.
const NUMBERS: &str = "ledger";

/// An account of the ledger. New variants go last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// The shop's money at the gateway.
    Gateway,
    /// What customers owe; negative if the shop owes them.
    Receivable,
    /// What the shop earned.
    Sales,
    /// How much of the sales was refunded.
    Refunds,
    /// What customers' banks took back.
    Disputes,
    /// Sales of deleted orders whose money was kept.
    Archived,
}

impl Account {
    pub(super) const ALL: [Self; 6] = [
        Self::Gateway,
        Self::Receivable,
        Self::Sales,
        Self::Refunds,
        Self::Disputes,
        Self::Archived,
    ];

    fn key(self) -> u64 {
        match self {
            Self::Gateway => 1,
            Self::Receivable => 2,
            Self::Sales => 3,
            Self::Refunds => 4,
            Self::Disputes => 5,
            Self::Archived => 6,
        }
    }
}

/// The kind of a movement. New variants go last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// The gateway took money for an order.
    Charged,
    /// The money paid an order.
    Sold,
    /// Money was refunded.
    Refunded,
    /// A refund finally failed, so the shop has its money again.
    RefundFailed,
    /// A paid order was deleted: its sale no longer counts.
    Deleted,
    /// The customer's bank took money back.
    DisputeLost,
}

/// One side of an entry: in minor units, debits positive, credits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The amount.
    pub amount: i64,
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When it was booked.
    pub time: UnixMillis,
    /// The order concerned.
    pub order: OrderId,
    /// The payment concerned.
    pub payment: PaymentId,
    /// The kind of movement.
    pub movement: Movement,
    /// Both sides; their sum is zero.
    pub postings: [Posting; 2],
}

/// The balance of an account, in minor units, debits positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance(pub(super) i64);

/// Appends an entry: `amount` from one account (credit) to another (debit).
pub(super) fn append(
    unit: &Unit,
    id: PaymentId,
    payment: &Payment,
    movement: Movement,
    (from, to, amount): (Account, Account, Money),
) -> Result<(), Failure> {
    if amount == Money::ZERO {
        return Ok(());
    }
    let amount = amount.minor_units();
    let postings = [
        Posting { account: to, amount },
        Posting { account: from, amount: amount.saturating_neg() },
    ];
    let number = ids::next(unit, NUMBERS, Some)?;
    for posting in postings {
        add_to_balance(unit, posting)?;
    }
    let (order, time) = (payment.order, unit.now());
    unit.put(ENTRIES_OF_ORDER, &(order, number), &())?;
    unit.put(ENTRIES, &number, &LedgerEntry { time, order, payment: id, movement, postings })?;
    Ok(())
}

/// The only place that writes balances: every paid order changes three of these few rows.
fn add_to_balance(unit: &Unit, Posting { account, amount }: Posting) -> Result<(), StoreError> {
    unit.merge(BALANCES, &account.key(), move |before| {
        let Balance(before) = before.unwrap_or_default();
        Balance(before.saturating_add(amount))
    })
}

/// What the shop earned with existing orders, minus what it refunded of that.
///
/// # Errors
/// [`StoreError`].
pub fn revenue(read: &impl Read) -> Result<Money, StoreError> {
    let Balance(sales) = read.get(BALANCES, &Account::Sales.key())?.unwrap_or_default();
    let Balance(refunds) = read.get(BALANCES, &Account::Refunds.key())?.unwrap_or_default();
    Ok(Money::from_minor_units(sales.saturating_add(refunds).saturating_neg()))
}

/// The entries of an order, oldest first, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn entries_of(
    snapshot: &Snapshot,
    order: OrderId,
    limit: usize,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let mut numbers = Vec::new();
    snapshot.visit_under(ENTRIES_OF_ORDER, &order, Direction::Ascending, |number, ()| {
        numbers.push(number);
        if numbers.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let mut entries = Vec::with_capacity(numbers.len());
    for number in numbers {
        entries.extend(snapshot.get(ENTRIES, &number)?);
    }
    Ok(entries)
}

/// Sums of postings: by account, by payment, by order.
#[derive(Default)]
struct Sums {
    accounts: BTreeMap<Account, i64>,
    payments: BTreeMap<(PaymentId, Account), i64>,
    orders: BTreeMap<(OrderId, Account), i64>,
}

impl Sums {
    fn of_payment(&self, id: PaymentId, account: Account) -> i64 {
        self.payments.get(&(id, account)).copied().unwrap_or(0)
    }

    fn of_order(&self, id: OrderId, account: Account) -> i64 {
        self.orders.get(&(id, account)).copied().unwrap_or(0)
    }
}

/// Checks that every entry balances, that the accounts match their postings, and that orders,
/// payments and ledger agree about every unit of money.
pub(super) fn check(
    snapshot: &Snapshot,
    payments: &[(PaymentId, Payment)],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut sums = Sums::default();
    let last_used = snapshot.last_number(NUMBERS)?;
    let mut entries = 0_u64;
    let mut orders_of_entries = BTreeMap::new();
    snapshot.visit(ENTRIES, &0, None, Direction::Ascending, |number, entry| {
        entries += 1;
        orders_of_entries.insert(number, entry.order);
        findings.require(number <= last_used, || {
            format!("ledger entry {number} is later than the last number, {last_used}")
        });
        let amounts = entry.postings.iter().map(|posting| posting.amount);
        let sum = amounts.fold(0_i64, i64::saturating_add);
        findings.require(sum == 0, || format!("ledger entry {number} is off by {sum}"));
        for Posting { account, amount } in entry.postings {
            add(sums.accounts.entry(account).or_default(), amount);
            add(sums.payments.entry((entry.payment, account)).or_default(), amount);
            add(sums.orders.entry((entry.order, account)).or_default(), amount);
        }
        ControlFlow::Continue(())
    })?;
    findings.counted("ledger entries", entries);
    check_index(snapshot, orders_of_entries, findings)?;
    for account in Account::ALL {
        let posted = sums.accounts.get(&account).copied().unwrap_or(0);
        let Balance(held) = snapshot.get(BALANCES, &account.key())?.unwrap_or_default();
        findings.require(held == posted, || {
            format!("account {account:?} holds {held}, posted were {posted}")
        });
    }
    for (id, payment) in payments {
        check_payment(&sums, *id, payment, findings);
        let shown = orders::order(snapshot, payment.order)?;
        let earned = sums.of_order(payment.order, Account::Sales);
        let given_back = sums.of_order(payment.order, Account::Refunds);
        let owed = sums.of_order(payment.order, Account::Receivable);
        findings.require(owed <= 0, || format!("order {} was sold unpaid", payment.order));
        let expected = match &shown {
            Some(order) if order.is_paid => {
                order.total.minor_units().saturating_sub(order.refunded.minor_units())
            }
            Some(_) | None => 0,
        };
        let revenue = earned.saturating_add(given_back).saturating_neg();
        findings.require(revenue == expected, || {
            format!("order {} earned {revenue}, its row says {expected}", payment.order)
        });
    }
    Ok(())
}

/// Checks that the entries and the index by order have each other's rows. The numbers of the entries
/// prove nothing: where several processes write, some are never used.
fn check_index(
    snapshot: &Snapshot,
    mut orders_of_entries: BTreeMap<u64, OrderId>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let first = (OrderId::new(1).expect("1 is an id"), 0);
    let look = |(order, number): (OrderId, u64), ()| {
        let of = orders_of_entries.remove(&number);
        findings
            .require(of.is_some(), || format!("ledger entry {number} of order {order} is missing"));
        findings.require(of.is_none_or(|of| of == order), || {
            format!("ledger entry {number} is listed under order {order}, but is of another")
        });
        ControlFlow::Continue(())
    };
    snapshot.visit(ENTRIES_OF_ORDER, &first, None, Direction::Ascending, look)?;
    for (number, order) in orders_of_entries {
        findings.require(false, || {
            format!("ledger entry {number} of order {order} is not listed there")
        });
    }
    Ok(())
}

/// Saturates: postings of a damaged store may add up to more than 64 bits.
fn add(sum: &mut i64, amount: i64) {
    *sum = sum.saturating_add(amount);
}

fn check_payment(sums: &Sums, id: PaymentId, payment: &Payment, findings: &mut Findings) {
    let minor = |money: Money| money.minor_units();
    let gone = minor(payment.refunded).saturating_add(minor(payment.lost));
    let held = minor(payment.received).saturating_sub(gone);
    let posted = sums.of_payment(id, Account::Gateway);
    findings.require(held == posted, || {
        format!("payment {id} has {held} at the gateway, the ledger {posted}")
    });
    let lost = sums.of_payment(id, Account::Disputes);
    findings.require(lost == minor(payment.lost), || {
        format!("payment {id} lost {:?}, the ledger says {lost}", payment.lost)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    type Damage = fn(&Unit) -> Result<(), StoreError>;

    fn order(number: u64) -> OrderId {
        OrderId::new(number).expect("positive")
    }

    fn entry(of: u64) -> LedgerEntry {
        LedgerEntry {
            time: UnixMillis::new(0),
            order: order(of),
            payment: PaymentId::new(of).expect("positive"),
            movement: Movement::Charged,
            postings: [
                Posting { account: Account::Gateway, amount: 500 },
                Posting { account: Account::Receivable, amount: -500 },
            ],
        }
    }

    /// Two entries whose numbers have a gap, as those of two processes have, and then some damage.
    async fn findings_after(damage: Damage) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), crate::payments::TABLES);
        let write = move |unit: Unit| async move {
            unit.skip_numbers(NUMBERS, 64)?;
            for (number, of) in [(3, 7), (65, 8)] {
                unit.put(ENTRIES, &number, &entry(of))?;
                unit.put(ENTRIES_OF_ORDER, &(order(of), number), &())?;
                for posting in entry(of).postings {
                    add_to_balance(&unit, posting)?;
                }
            }
            Ok(damage(&unit)?)
        };
        store.transact(write).await.expect("written");
        let mut findings = Findings::default();
        check(&store.snapshot(), &[], &mut findings).expect("read");
        findings.violations().join("; ")
    }

    #[tokio::test]
    async fn numbers_may_have_gaps_but_no_entry_may_be_lost() {
        assert_eq!(findings_after(|_| Ok(())).await, "");
        let damages: [(Damage, &str); 5] = [
            (|unit| unit.delete(ENTRIES, &3).map(drop), "ledger entry 3 of order 7 is missing"),
            (
                |unit| unit.delete(ENTRIES_OF_ORDER, &(order(8), 65)).map(drop),
                "ledger entry 65 of order 8 is not listed there",
            ),
            (
                |unit| {
                    unit.delete(ENTRIES, &65)?;
                    unit.delete(ENTRIES_OF_ORDER, &(order(8), 65)).map(drop)
                },
                "account Gateway holds 1000, posted were 500",
            ),
            (
                |unit| {
                    unit.delete(ENTRIES_OF_ORDER, &(order(8), 65))?;
                    unit.put(ENTRIES_OF_ORDER, &(order(7), 65), &())
                },
                "ledger entry 65 is listed under order 7, but is of another",
            ),
            (
                |unit| {
                    unit.put(ENTRIES, &66, &entry(8))?;
                    unit.put(ENTRIES_OF_ORDER, &(order(8), 66), &())
                },
                "ledger entry 66 is later than the last number, 65",
            ),
        ];
        for (damage, expected) in damages {
            let found = findings_after(damage).await;
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
