//! Finds the known name that is most similar to a given one.

use std::cmp::Reverse;

/// Most edits (a letter added, removed, changed, or two swapped) between a name and a similar one.
const EDITS_MAX: usize = 2;

/// The known name that is most similar to `name`, ignoring case; `None` if none is within two
/// edits, or if more than half of the name would have to change.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let edits_max = EDITS_MAX.min(name.chars().count() / 2);
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&name, &known.to_lowercase()), known))
        .filter(|(edits, _)| *edits <= edits_max)
        // The beginning of a name is rarely mistyped.
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
    fn finds_only_similar_names() {
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
