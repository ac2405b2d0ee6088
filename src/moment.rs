//! Parses points in time on the command line and in URL queries.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use souk_domain::UnixMillis;
use std::time::Duration;

/// The accepted forms, for error messages.
pub(crate) const FORMS: &str = "a time such as 2024-01-31T12:00:00Z, a day such as 2024-01-31 (UTC), or 15m, 2h, 7d for so \
     long ago";

/// Parses an RFC 3339 time, a day (its start, in UTC), or a duration before `now`: `90s`, `15m`,
/// `2h`, `7d`, `2w`.
pub(crate) fn parse(text: &str, now: UnixMillis) -> Option<UnixMillis> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let units = [('s', 1), ('m', MINUTE), ('h', HOUR), ('d', DAY), ('w', 7 * DAY)];
    for (letter, seconds) in units {
        if let Some(number) = text.strip_suffix(letter)
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = number.parse::<u64>()
        {
            return Some(now.before(Duration::from_secs(number.saturating_mul(seconds))));
        }
    }
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) if is_day(text) => {
            text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
        Err(_) => return None,
    };
    Some(UnixMillis::new(time.as_millisecond()))
}

/// Whether the text has the form of 2024-01-31; in a longer text the time of day would be ignored.
fn is_day(text: &str) -> bool {
    text.len() == "2024-01-31".len()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14T22:13:20Z.
    const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

    #[test]
    fn times_are_points_days_or_ages() {
        for (text, millis) in [
            ("90s", NOW.get() - 90_000),
            ("30m", NOW.get() - 1_800_000),
            ("1h", NOW.get() - 3_600_000),
            ("7d", NOW.get() - 7 * 86_400_000),
            ("2w", NOW.get() - 14 * 86_400_000),
            ("0s", NOW.get()),
            ("2023-11-14T22:13:20Z", NOW.get()),
            ("2023-11-14T23:13:20+01:00", NOW.get()),
            ("2023-11-14", 1_699_920_000_000),
        ] {
            assert_eq!(parse(text, NOW), Some(UnixMillis::new(millis)), "{text}");
        }
        for text in
            ["", "h", "-1h", "+1h", "1.5h", "1y", "soon", "2023-13-01", "2023-11-14T22", "12:00"]
        {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
        // Longer ago than the earliest time.
        assert!(parse("18446744073709551615w", NOW).is_some());
    }
}
