//! Keys that sort as their values do, rows that read back as written, ranges.

use super::*;
use crate::store::{Key, Row, StoreError, Stored, Text, read_all};
use crate::stored;
use souk_domain::{OrderId, ProductId, UnixMillis, UserId};
use std::fmt::Debug;

#[derive(Debug, PartialEq)]
struct Today {
    name: String,
    count: u32,
}

struct Yesterday {
    name: String,
}

struct Tomorrow(u8);

stored! {
    struct NamedV1<'a> of Yesterday { name: Text<'a> }
    struct NamedV2<'a> of Today { name: Text<'a>, count: u32 }
}

impl Row for Today {
    const VERSION: u8 = 2;
    type Stored<'a> = NamedV2<'a>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => {
                let NamedV1 { name } = read_all(bytes)?;
                Some(Self { name: name.into_owned(), count: 0 })
            }
            2 => Self::read_newest(bytes),
            _ => None,
        }
    }
}

impl Row for Yesterday {
    type Stored<'a> = NamedV1<'a>;
}

impl Row for Tomorrow {
    const VERSION: u8 = 3;
    type Stored<'a> = u8;
}

impl Stored<'_, Tomorrow> for u8 {
    fn of(Tomorrow(number): &Tomorrow) -> Self {
        *number
    }

    fn value(self) -> Option<Tomorrow> {
        Some(Tomorrow(self))
    }
}

fn sorts_as_its_values<K: Key + Ord + Debug>(keys: &[K]) {
    for one in keys {
        assert_eq!(K::decode(&one.bytes()).as_ref(), Some(one));
        for other in keys {
            assert_eq!(one.bytes().cmp(&other.bytes()), one.cmp(other), "{one:?} and {other:?}");
        }
    }
}

#[test]
fn keys_sort_as_their_values_do() {
    let mut dice = Dice(11);
    let mut number = || {
        let edges = [0, 1, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let any = dice.roll();
        if dice.one_in(2) { edges[usize::try_from(any % 9).unwrap()] } else { any >> (any % 64) }
    };
    let texts = ["", "a", "aa", "ab", "b", "\0", "é", "ß", "z\u{10FFFF}", "\u{FFFF}"];
    let numbers: Vec<u64> = (0..60).map(|_| number()).collect();
    let id = |number: u64| number % (i64::MAX as u64) + 1;
    sorts_as_its_values(&numbers);
    sorts_as_its_values(&texts.map(str::to_owned));
    let orders: Vec<_> = numbers.iter().map(|it| OrderId::new(id(*it)).unwrap()).collect();
    sorts_as_its_values(&orders);
    let times: Vec<_> =
        numbers.iter().map(|it| UnixMillis::new(i64::try_from(it >> 1).unwrap())).collect();
    sorts_as_its_values(&times);
    let hashes: Vec<[u8; 32]> =
        numbers.iter().map(|it| std::array::from_fn(|at| it.to_le_bytes()[at % 8])).collect();
    sorts_as_its_values(&hashes);
    let pairs: Vec<_> = (0..60).map(|_| (number() % 4, number())).collect();
    sorts_as_its_values(&pairs);
    let threes: Vec<_> = (0..60).map(|_| (number() % 3, (number() % 3, number() % 3))).collect();
    sorts_as_its_values(&threes);
    let named: Vec<_> = (0..60)
        .map(|it| {
            let user = UserId::new(id(number() % 3)).unwrap();
            (user, (times[it], texts[it % texts.len()].to_owned()))
        })
        .collect();
    sorts_as_its_values(&named);
}

#[test]
fn malformed_key_bytes_are_rejected() {
    assert_eq!(u64::decode(&[0; 7]), None);
    assert_eq!(u64::decode(&[0; 9]), None);
    assert_eq!(ProductId::decode(&[0; 8]), None);
    assert_eq!(ProductId::decode(&[0xFF; 8]), None);
    assert_eq!(UnixMillis::decode(&[0xFF; 8]), None);
    assert_eq!(String::decode(&[0xFF]), None);
    assert_eq!(<(u64, u64)>::decode(&[0; 15]), None);
    assert_eq!(<(u64, u64)>::decode(&[0; 17]), None);
    assert_eq!(<(u64, String)>::decode(&[0; 3]), None);
    assert_eq!(<[u8; 32]>::decode(&[0; 31]), None);
}

/// The same table with another row type.
const TODAY: Table<u64, Today> = Table::new("numbers");
const YESTERDAY: Table<u64, Yesterday> = Table::new("numbers");
const TOMORROW: Table<u64, Tomorrow> = Table::new("numbers");
const BY_NAME: Table<String, u64> = Table::new("numbers");

#[tokio::test]
async fn earlier_row_versions_are_read_and_unknown_ones_are_errors() {
    let store = in_memory(patient());
    let write = |unit: Unit| async move {
        unit.put(YESTERDAY, &1, &Yesterday { name: "old".to_owned() })?;
        unit.put(TODAY, &2, &Today { name: "new".to_owned(), count: 5 })?;
        Ok(unit.put(TOMORROW, &3, &Tomorrow(9))?)
    };
    store.transact(write).await.unwrap();
    let snapshot = store.snapshot();
    let old = Today { name: "old".to_owned(), count: 0 };
    let new = Today { name: "new".to_owned(), count: 5 };
    assert_eq!(snapshot.get(TODAY, &4).unwrap(), None);
    let is_loud = |result: Result<(), StoreError>| {
        let corrupt = StoreError::Corrupt { table: "numbers", version: 3 };
        assert_eq!(result.unwrap_err().to_string(), corrupt.to_string());
    };
    is_loud(snapshot.get(TODAY, &3).map(drop));
    is_loud(snapshot.range(TODAY, &0, None, Direction::Ascending, 9).map(drop));
    is_loud(snapshot.range(TODAY, &0, None, Direction::Descending, 9).map(drop));
    let rows = snapshot.range(TODAY, &0, Some(&3), Direction::Ascending, 9).unwrap();
    assert_eq!(rows, [(1, old), (2, new)]);
    let in_a_turn = store.transact(|unit| async move { Ok(unit.get(TODAY, &3)?) }).await;
    assert!(matches!(in_a_turn, Err(Failure::Store(StoreError::Corrupt { version: 3, .. }))));
}

#[tokio::test]
async fn damaged_octets_are_loud() {
    let store = in_memory(patient());
    for damage in [&[][..], &[1], &[1, 0xFF], &[1, 5, 0], &[0, 5], &[9, 9, 9]] {
        let work = move |unit: Unit| async move {
            Ok(unit.put_bytes(NUMBERS.id(), 1_u64.to_be_bytes().to_vec(), damage.to_vec())?)
        };
        store.transact(work).await.unwrap();
        let read = store.snapshot().get(NUMBERS, &1);
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{damage:?}: {read:?}");
    }
    let work = |unit: Unit| async move {
        unit.delete(NUMBERS, &1)?;
        Ok(unit.put(BY_NAME, &"no number".to_owned(), &1)?)
    };
    store.transact(work).await.unwrap();
    let read = store.snapshot().range(NUMBERS, &0, None, Direction::Ascending, 9);
    assert!(matches!(read, Err(StoreError::Corrupt { .. })));
}

/// Every range, limit and direction agrees with a sorted list; in a snapshot and in a turn.
#[tokio::test]
async fn ranges_agree_with_a_sorted_list() {
    let store = in_memory(patient());
    let there = [1_u64, 2, 3, 5, 8, 13, 21, u64::MAX];
    let compare = move |unit: Unit| async move {
        there.iter().try_for_each(|number| unit.put(NUMBERS, number, number))?;
        for_every_range(&there, &unit);
        Ok(())
    };
    store.transact(compare).await.unwrap();
    for_every_range(&there, &*store.snapshot());
}

fn for_every_range(there: &[u64], read: &impl Read) {
    let ends = [None, Some(0), Some(1), Some(4), Some(5), Some(22), Some(u64::MAX)];
    for from in [0, 1, 4, 5, 21, 22, u64::MAX] {
        for to in ends {
            for limit in [0, 1, 2, 100] {
                let inside = |it: &u64| *it >= from && to.is_none_or(|to| *it < to);
                let mut expected: Vec<_> = there.iter().copied().filter(inside).collect();
                let ascending =
                    read.range(NUMBERS, &from, to.as_ref(), Direction::Ascending, limit);
                let firsts: Vec<_> = expected.iter().take(limit).map(|it| (*it, *it)).collect();
                assert_eq!(ascending.unwrap(), firsts, "{from} to {to:?}, {limit}");
                expected.reverse();
                let descending =
                    read.range(NUMBERS, &from, to.as_ref(), Direction::Descending, limit);
                let lasts: Vec<_> = expected.iter().take(limit).map(|it| (*it, *it)).collect();
                assert_eq!(descending.unwrap(), lasts, "{from} to {to:?}, {limit}, backwards");
            }
        }
    }
}
