//! Measuring in turns, so that other load on the machine affects all alike.

use crate::process::Server;
use crate::{Outcome, complaint};

/// The results of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round<T> {
    pub(super) now: T,
    pub(super) then: T,
    /// `None` if there is no floor.
    pub(super) floor: Option<T>,
}

impl<T> Round<T> {
    pub(super) fn map<U>(self, value: impl Fn(T) -> U) -> Round<U> {
        let floor = self.floor.map(&value);
        Round { now: value(self.now), then: value(self.then), floor }
    }
}

/// Measures one binary or the floor, once.
pub(super) type Turn<'a, T> = &'a mut dyn FnMut() -> Outcome<T>;

/// Measures in turns, for this many rounds: today's binary, the older one and, if there is one, the
/// floor. Each round begins with a different one.
pub(super) fn take_turns<T: Copy>(
    rounds: usize,
    turns: &mut [Turn<'_, T>],
) -> Outcome<Vec<Round<T>>> {
    let count = turns.len();
    let one = |round: usize| {
        let mut found = Vec::new();
        for number in 0..count {
            found.push(turns[(round + number) % count]()?);
        }
        found.rotate_right(round % count);
        let [now, then, ref floor @ ..] = found[..] else {
            return Err(complaint("two binaries are compared"));
        };
        Ok(Round { now, then, floor: floor.first().copied() })
    };
    (0..rounds).map(one).collect()
}

/// A server that is suspended while others are measured.
pub(super) struct Suspended(Server);

impl Suspended {
    pub(super) fn suspend(server: Server) -> Outcome<Self> {
        server.hold()?;
        Ok(Self(server))
    }

    /// Resumes the server while it is measured.
    pub(super) fn turn<T>(&self, measure: impl FnOnce(&Server) -> Outcome<T>) -> Outcome<T> {
        self.0.go_on()?;
        let found = measure(&self.0)?;
        self.0.hold()?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn each_round_begins_with_a_different_one_and_results_keep_their_place() {
        let begun = RefCell::new(String::new());
        let turn = |name: char| {
            let begun = &begun;
            move || {
                begun.borrow_mut().push(name);
                Ok(name)
            }
        };
        let (mut now, mut then, mut floor) = (turn('n'), turn('t'), turn('f'));
        let rounds = take_turns(3, &mut [&mut now, &mut then, &mut floor]).expect("three rounds");
        assert_eq!(begun.borrow().as_str(), "ntftfnfnt");
        assert_eq!(rounds, [Round { now: 'n', then: 't', floor: Some('f') }; 3]);
        let rounds = take_turns(2, &mut [&mut now, &mut then]).expect("two rounds");
        assert_eq!(rounds, [Round { now: 'n', then: 't', floor: None }; 2]);
    }
}
