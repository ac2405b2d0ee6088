//! Panics that count as errors.
//!
//! redb panics on some kinds of damage. When a possibly damaged file is read, such a panic only
//! reveals the damage: it is caught, and prints nothing.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs `act`; `None` if it panicked. After that, the values it worked on MUST NOT be used.
pub(in crate::store) fn catch_quietly<T>(act: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = IS_QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    IS_QUIET.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_none_and_a_value_comes_back() {
        assert_eq!(catch_quietly(|| -> u8 { panic!("damage") }), None);
        let nested = catch_quietly(|| {
            assert_eq!(catch_quietly(|| -> u8 { panic!("damage within") }), None);
            IS_QUIET.get()
        });
        assert_eq!(nested, Some(true), "still quiet outside of the inner one");
        assert!(!IS_QUIET.get());
    }
}
