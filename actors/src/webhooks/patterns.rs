//! Patterns that select events: `*`, a kind (`order.*`) or one event (`order.paid`).

use crate::outbox::event_types;
use souk_domain::nearest;

/// Most characters of an unknown name that an error repeats.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// A pattern that matches no event of the shop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern is empty.
    #[error("Write `*`, a kind (`order.*`) or an event (`order.paid`).")]
    Empty,
    /// The shop has no event with this name, but one with a similar name.
    #[error("Unknown event \"{asked}\"; did you mean \"{meant}\"?")]
    Misspelt {
        /// The given pattern.
        asked: String,
        /// The similar pattern.
        meant: String,
    },
    /// The kind is known, the event is not.
    #[error("Unknown event \"{asked}\"; the events of this kind are: {known}.")]
    UnknownEvent {
        /// The given pattern.
        asked: String,
        /// Every event of the kind.
        known: String,
    },
    /// The kind is unknown.
    #[error(
        "Unknown event \"{asked}\"; write `*` or one of the kinds: {kinds}; or an event: `order.paid`."
    )]
    UnknownKind {
        /// The given pattern.
        asked: String,
        /// A pattern for every kind.
        kinds: String,
    },
}

/// Rejects a pattern that matches no event of the shop.
///
/// # Errors
/// [`PatternError`], with the similar name if there is one.
pub fn check_pattern(pattern: &str) -> Result<(), PatternError> {
    if pattern.is_empty() {
        return Err(PatternError::Empty);
    }
    let kinds = event_types();
    let mut known = vec!["*".to_owned()];
    for (kind, words) in &kinds {
        known.push(format!("{kind}.*"));
        known.extend(words.iter().map(|word| format!("{kind}.{word}")));
    }
    if known.iter().any(|known| known == pattern) {
        return Ok(());
    }
    let asked: String = pattern.chars().take(SHOWN_CHARACTERS_MAX).collect();
    // The `type` of a CloudEvent is easily mistaken for the event's name.
    let named = asked.strip_prefix("souk.").unwrap_or(&asked);
    let named = named.strip_suffix(".v1").unwrap_or(named);
    if let Some(meant) = nearest(named, known.iter().map(String::as_str)) {
        return Err(PatternError::Misspelt { meant: meant.to_owned(), asked });
    }
    let kind = named.split('.').next().unwrap_or_default();
    Err(match kinds.iter().find(|(name, _)| *name == kind) {
        Some((kind, words)) => {
            let events: Vec<_> = words.iter().map(|word| format!("{kind}.{word}")).collect();
            PatternError::UnknownEvent { asked, known: events.join(", ") }
        }
        None => {
            let kinds: Vec<_> = kinds.iter().map(|(kind, _)| format!("`{kind}.*`")).collect();
            PatternError::UnknownKind { asked, kinds: kinds.join(", ") }
        }
    })
}

/// True if one of the patterns matches the event.
#[must_use]
pub fn matches(patterns: &[String], event: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => event.starts_with(start),
        None => pattern == event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pattern: &str) -> String {
        check_pattern(pattern).map_or_else(|error| error.to_string(), |()| "taken".to_owned())
    }

    #[test]
    fn takes_every_event_every_kind_and_everything() {
        assert_eq!(check_pattern("*"), Ok(()));
        for (kind, words) in event_types() {
            assert_eq!(check_pattern(&format!("{kind}.*")), Ok(()));
            for word in words {
                assert_eq!(check_pattern(&format!("{kind}.{word}")), Ok(()));
            }
        }
    }

    #[test]
    fn suggests_a_similar_name() {
        for (asked, meant) in [
            ("order.payed", "order.paid"),
            ("orders.*", "order.*"),
            ("orders.paid", "order.paid"),
            ("payment.succeded", "payment.succeeded"),
            ("order.canceled", "order.cancelled"),
            ("Order.*", "order.*"),
            ("order.pai*", "order.paid"),
            ("order", "order.*"),
            ("souk.order.paid.v1", "order.paid"),
            (" order.paid", "order.paid"),
        ] {
            let expected = format!("Unknown event \"{asked}\"; did you mean \"{meant}\"?");
            assert_eq!(refusal(asked), expected);
        }
    }

    #[test]
    fn lists_the_known_names_if_none_is_similar() {
        let shown = refusal("payment.celebrated");
        assert!(shown.starts_with("Unknown event \"payment.celebrated\""), "{shown}");
        assert!(shown.contains("payment.dispute_lost"), "{shown}");
        let shown = refusal("basket.abandoned");
        assert!(shown.contains("\"basket.abandoned\"") && shown.contains("`user.*`"), "{shown}");
        assert_eq!(check_pattern(""), Err(PatternError::Empty));
        assert!(refusal(&"x".repeat(10_000)).len() < 300, "a refusal is short");
    }

    #[test]
    fn patterns_mean_all_a_kind_or_one_event() {
        for (pattern, event, means) in [
            ("*", "order.paid", true),
            ("order.*", "order.paid", true),
            ("order.*", "payment.created", false),
            ("order.paid", "order.paid", true),
            ("order.paid", "order.placed", false),
        ] {
            assert_eq!(matches(&[pattern.to_owned()], event), means, "{pattern} {event}");
        }
        assert!(!matches(&[], "order.paid"));
    }
}
