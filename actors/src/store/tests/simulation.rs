//! Many concurrent tasks, with and without faults; the store agrees with the answers.

use super::disk::Trouble;
use super::*;
use crate::store::engines::redb::catch_quietly;
use std::collections::BTreeSet;

const TASKS: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Well,
    RefusesFirst,
    RefusesAfterAWrite,
    PanicsAfterAWrite,
    OwnerDies,
    SleepsPastItsDeadline,
    SwallowsAFailure,
    CallerGoesAway,
}

impl Behaviour {
    fn rolled(dice: &mut Dice, is_hurried: bool) -> Self {
        match dice.below(40) {
            0 | 1 => Self::RefusesFirst,
            2 => Self::RefusesAfterAWrite,
            3 => Self::PanicsAfterAWrite,
            4 => Self::OwnerDies,
            5 if is_hurried => Self::SleepsPastItsDeadline,
            6 => Self::SwallowsAFailure,
            7 | 8 => Self::CallerGoesAway,
            _ => Self::Well,
        }
    }

    async fn act(self, unit: Unit, number: u64, pauses: u64) -> Result<(), Failure> {
        if self == Self::RefusesFirst {
            return refusal();
        }
        // A faulty task also leaves a row that the counter does not count.
        if !matches!(self, Self::Well | Self::CallerGoesAway) {
            unit.put(NUMBERS, &(number + 1_000_000), &number)?;
        }
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        match self {
            Self::RefusesFirst | Self::RefusesAfterAWrite => refusal(),
            Self::PanicsAfterAWrite => die(),
            Self::OwnerDies => {
                let owner = tokio::spawn(async move {
                    let _held = unit;
                    die();
                });
                owner.await.map_err(|_| Failure::OwnerDied { owner: "numbers" })
            }
            Self::SleepsPastItsDeadline => std::future::pending().await,
            Self::SwallowsAFailure => {
                for extra in 0..1_000 {
                    let _ = unit.put(NUMBERS, &(number + 2_000_000 + extra), &0);
                }
                Ok(())
            }
            Self::Well | Self::CallerGoesAway => count_one(&unit, number),
        }
    }
}

#[derive(Default)]
struct Model {
    done: BTreeSet<u64>,
    /// Numbers whose callers got no answer: they may be stored or not.
    unanswered: BTreeSet<u64>,
}

impl Model {
    fn agrees_with(&self, found: &[u64], seed: u64) {
        let found: BTreeSet<_> = found.iter().copied().collect();
        let lost: Vec<_> = self.done.difference(&found).collect();
        assert!(lost.is_empty(), "seed {seed}: answered and not there: {lost:?}");
        let extra: Vec<_> = found
            .iter()
            .filter(|it| !self.done.contains(it) && !self.unanswered.contains(it))
            .collect();
        assert!(extra.is_empty(), "seed {seed}: there and never answered: {extra:?}");
    }
}

/// Some tasks never end unless a deadline ends them; then no task is certain to finish.
async fn run(store: &Store, seed: u64, is_hurried: bool) -> Model {
    let mut dice = Dice(seed);
    let mut answers = Vec::new();
    for number in 0..TASKS {
        let behaviour = Behaviour::rolled(&mut dice, is_hurried);
        let (pauses, pause_before) = (dice.below(3), dice.below(20));
        let store = store.clone();
        let answer = tokio::spawn(async move {
            for _ in 0..pause_before {
                tokio::task::yield_now().await;
            }
            store.transact(move |unit| behaviour.act(unit, number, pauses)).await
        });
        if behaviour == Behaviour::CallerGoesAway {
            for _ in 0..dice.below(10) {
                tokio::task::yield_now().await;
            }
            answer.abort();
        }
        answers.push((number, behaviour, answer));
    }
    let mut model = Model::default();
    for (number, behaviour, answer) in answers {
        match soon(answer).await {
            Ok(Ok(())) => {
                assert!(matches!(behaviour, Behaviour::Well | Behaviour::CallerGoesAway));
                model.done.insert(number);
            }
            Ok(Err(Failure::Refused(_))) => assert!(matches!(
                behaviour,
                Behaviour::RefusesFirst | Behaviour::RefusesAfterAWrite
            )),
            Ok(Err(failure)) => assert!(
                behaviour != Behaviour::Well || is_hurried || *store.broken().borrow(),
                "seed {seed}: {number} did nothing wrong: {failure:?}"
            ),
            Err(gone) => {
                assert!(gone.is_cancelled());
                model.unanswered.insert(number);
            }
        }
    }
    model
}

fn limits(dice: &mut Dice, is_hurried: bool) -> StoreLimits {
    StoreLimits {
        turn_deadline: Duration::from_millis(if is_hurried { 10 } else { 60_000 }),
        max_turns_per_epoch: usize::try_from(1 + dice.below(40)).unwrap(),
        max_turn_bytes: 1_000,
        pipeline: [Pipeline::Never, Pipeline::Always][usize::try_from(dice.below(2)).unwrap()],
        ..patient()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_agrees_with_every_answer() {
    for seed in 0..40 {
        let is_hurried = seed % 4 == 0;
        let store = in_memory(limits(&mut Dice(seed), is_hurried));
        let model = run(&store, seed, is_hurried).await;
        soon(store.close()).await;
        assert_eq!(store.stats().waiting, 0);
        assert!(!*store.broken().borrow());
        model.agrees_with(&numbers(&store), seed);
    }
}

/// Like above, on a disk that fails at some point: every answered number is stored, and a commit
/// with an unknown outcome is stored completely or not at all, which the counter proves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_power_loss_the_store_has_every_answered_change() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let disk = Disk::new();
        let store = on(&disk, limits(&mut dice, false));
        let troubles = [Trouble::SyncFails, Trouble::SyncedButFails, Trouble::Panics];
        let trouble = troubles[usize::try_from(dice.below(3)).unwrap()];
        disk.fail_after(usize::try_from(dice.below(20)).unwrap(), trouble);
        let model = run(&store, seed, false).await;
        soon(store.close()).await;
        for power_loss in 0..5 {
            let after = disk.after_power_loss(&mut Dice(seed * 100 + power_loss));
            let found = numbers(&on(&after, patient()));
            let lost: Vec<_> = model.done.iter().filter(|it| !found.contains(it)).collect();
            assert!(lost.is_empty(), "seed {seed}: answered and not there: {lost:?}");
            assert!(found.iter().all(|it| *it < TASKS), "seed {seed}: of a turn that went wrong");
        }
        disk.heal();
        // After a driver's panic, redb's own locks are poisoned, and closing the file panics too.
        let _ = catch_quietly(|| drop(store));
    }
}
