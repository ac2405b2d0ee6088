//! The known name that somebody probably meant.

use std::cmp::Reverse;

/// Edits (a letter more, fewer, changed, or two swapped) between a name and one that may be meant.
const EDITS_MAX: usize = 2;

/// The known name nearest to `name`, upper and lower case being the same; `None` if none is within
/// two edits, or if more than half of the name would have to change.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let edits_max = EDITS_MAX.min(name.chars().count() / 2);
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&name, &known.to_lowercase()), known))
        .filter(|(edits, _)| *edits <= edits_max)
        // People rarely get the beginning wrong.
        .min_by_key(|(edits, known)| (*edits, Reverse(common_start(&name, known))))
        .map(|(_, known)| known)
}

fn common_start(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let known = ["order.placed", "order.paid", "order.*", "warn"];
        for (name, meant) in [
            ("order.payed", Some("order.paid")),
            ("oder.paid", Some("order.paid")),
            ("order.piad", Some("order.paid")),
            ("ORDER.PLACED", Some("order.placed")),
            ("orders.*", Some("order.*")),
            ("wran", Some("warn")),
            ("cart.opened", None),
            ("we", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
    }
}
