//! Query parameters of Souk's own API. All wrong ones are reported at once, unknown ones too.
//!
//! A list has a function that reads its parameters from a [`Query`]. The same function describes
//! them ([`Query::described`]).

use crate::edge::description::QueryParameter;
use crate::edge::paging::{CursorSeal, Wanted};
use crate::edge::problem::{Fault, Faults};
use crate::edge::{Request, limits};
use schemars::{Schema, json_schema};
use serde::de::DeserializeOwned;
use souk_domain::{UnixMillis, nearest};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The query parameters of a request, and the faults found so far.
pub(crate) struct Query<'a> {
    /// `None` if the parameters are only described.
    asked: Option<(&'a Request, &'a CursorSeal)>,
    parameters: Vec<QueryParameter>,
    faults: Faults,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort<T> {
    /// What the list is sorted by.
    pub(crate) by: T,
    /// From the greatest to the least.
    pub(crate) is_descending: bool,
}

/// The two ends of a filter, both included; `None` leaves an end open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends<T> {
    pub(crate) least: Option<T>,
    pub(crate) most: Option<T>,
}

/// The names of a filter's parameters: the exact value, the least and the most.
pub(crate) type RangeNames = [&'static str; 3];

impl<'a> Query<'a> {
    /// The parameters of a request.
    pub(crate) fn of(request: &'a Request, cursors: &'a CursorSeal) -> Self {
        let asked = Some((request, cursors));
        Self { asked, parameters: Vec::new(), faults: Faults::default() }
    }

    /// The parameters that `read` reads.
    pub(crate) fn described<R>(read: impl FnOnce(&mut Query<'_>) -> R) -> Vec<QueryParameter> {
        let mut query = Query { asked: None, parameters: Vec::new(), faults: Faults::default() };
        read(&mut query);
        query.parameters
    }

    /// Declares a parameter. Its value, if it was sent.
    fn value(
        &mut self,
        name: &'static str,
        about: impl Into<Cow<'static, str>>,
        schema: Schema,
    ) -> Option<&'a str> {
        self.parameters.push(QueryParameter { name, text: about.into(), schema, required: false });
        let (request, _) = self.asked?;
        let mut sent = request.query_pairs().iter().filter(|(known, _)| known == name);
        let (_, value) = sent.next()?;
        if sent.next().is_some() {
            self.wrong(name, "repeated", "Send this parameter once.");
            return None;
        }
        Some(value)
    }

    fn wrong(&mut self, name: &'static str, code: &'static str, detail: impl Into<String>) {
        self.faults.add(Fault::in_query(name, code, detail));
    }

    /// A text to search for; a blank one counts as absent.
    pub(crate) fn text(&mut self, name: &'static str, about: &'static str) -> Option<&'a str> {
        const MOST: usize = limits::SEARCH_CHARACTERS_MAX;
        let schema = json_schema!({"type": "string", "maxLength": MOST, "pattern": r"^[^\x00]*$"});
        let value = self.value(name, about, schema)?;
        if value.contains('\0') {
            self.wrong(name, "null_character", "Null characters are not allowed.");
        } else if value.chars().count() > MOST {
            let detail = format!("Ensure this field has no more than {MOST} characters.");
            self.faults.add(Fault::in_query(name, "too_long", detail).with("maximum", MOST));
        } else {
            return Some(value).filter(|value| !value.trim().is_empty());
        }
        None
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, name: &'static str, about: &'static str) -> Option<bool> {
        self.choice(name, about, &[("true", true), ("false", false)])
    }

    /// One of these words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        about: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let value = self.value(name, about, json_schema!({"type": "string", "enum": words}))?;
        let chosen = choices.iter().find(|(word, _)| *word == value);
        if chosen.is_none() {
            self.no_choice(name, value, &words);
        }
        chosen.map(|(_, chosen)| *chosen)
    }

    fn no_choice(&mut self, name: &'static str, value: &str, words: &[&str]) {
        let shown: String = value.chars().take(limits::ECHOED_CHARACTERS_MAX).collect();
        let detail = format!("\"{shown}\" is not allowed here. It can be: {}.", words.join(", "));
        let fault = Fault::in_query(name, "not_a_choice", detail).with("choices", words.to_vec());
        self.faults.add(fault);
    }

    /// A whole number.
    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        about: impl Into<Cow<'static, str>>,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let (least, most) = (*range.start(), *range.end());
        let schema = json_schema!({"type": "integer", "minimum": least, "maximum": most});
        let value = self.value(name, about, schema)?;
        let is_plain = !value.starts_with('+');
        let number = value.parse().ok().filter(|number| is_plain && range.contains(number));
        if number.is_none() {
            let detail = format!("Send a whole number from {least} to {most}.");
            let fault = Fault::in_query(name, "out_of_range", detail);
            self.faults.add(fault.with("minimum", least).with("maximum", most));
        }
        number
    }

    /// An id.
    pub(crate) fn id<T>(
        &mut self,
        name: &'static str,
        about: &'static str,
        new: fn(u64) -> Option<T>,
    ) -> Option<T> {
        let number = self.integer(name, about, 1..=i64::MAX)?;
        u64::try_from(number).ok().and_then(new)
    }

    /// An amount in minor units, exact or between two.
    pub(crate) fn amounts(&mut self, names: RangeNames, about: [&'static str; 3]) -> Ends<i64> {
        let read = |query: &mut Self, at: usize| query.integer(names[at], about[at], 0..=i64::MAX);
        let (exact, least, most) = (read(self, 0), read(self, 1), read(self, 2));
        self.ends(names, exact, least, most)
    }

    /// A time, exact or between two.
    pub(crate) fn times(
        &mut self,
        names: RangeNames,
        about: [&'static str; 3],
    ) -> Ends<UnixMillis> {
        let exact = self.time(names[0], about[0]);
        let (least, most) = (self.time(names[1], about[1]), self.time(names[2], about[2]));
        self.ends(names, exact, least, most)
    }

    fn ends<T: Copy>(
        &mut self,
        [name, ..]: RangeNames,
        exact: Option<T>,
        least: Option<T>,
        most: Option<T>,
    ) -> Ends<T> {
        if exact.is_some() && (least.is_some() || most.is_some()) {
            self.wrong(name, "conflict", "Send an exact value, or ends, but not both.");
        }
        Ends { least: exact.or(least), most: exact.or(most) }
    }

    fn time(&mut self, name: &'static str, about: &'static str) -> Option<UnixMillis> {
        let schema = json_schema!({"type": "string", "format": "date-time"});
        let value = self.value(name, about, schema)?;
        let parsed = value.parse().ok().map(|time: jiff::Timestamp| time.as_millisecond());
        if parsed.is_none() {
            let detail = "Send a time as in RFC 3339, for example 2024-01-01T00:00:00Z.";
            self.wrong(name, "invalid", detail);
        }
        parsed.map(UnixMillis::new)
    }

    /// `sort`: one of these words, with `-` before it for the reverse order.
    pub(crate) fn sort<T: Copy>(
        &mut self,
        choices: &[(&'static str, T)],
        default: (&'static str, Sort<T>),
    ) -> Sort<T> {
        let both = choices.iter().flat_map(|(word, _)| [(*word).to_owned(), format!("-{word}")]);
        let words: Vec<String> = both.collect();
        let about = format!("The order; `-` reverses it. The default is `{}`.", default.0);
        let schema = json_schema!({"type": "string", "enum": words});
        let Some(value) = self.value("sort", about, schema) else { return default.1 };
        let (word, is_descending) = match value.strip_prefix('-') {
            Some(word) => (word, true),
            None => (value, false),
        };
        match choices.iter().find(|(known, _)| *known == word) {
            Some((_, by)) => Sort { by: *by, is_descending },
            None => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.no_choice("sort", value, &words);
                default.1
            }
        }
    }

    /// `expand`: names of related objects, separated by commas, that the answer is to show.
    pub(crate) fn expand(&mut self, names: &'static [&'static str]) -> Vec<&'static str> {
        let about = format!("Shows related objects: {}. Commas separate them.", names.join(", "));
        let one = names.join("|");
        let pattern = format!("^({one})(,({one}))*$");
        let schema = json_schema!({"type": "string", "pattern": pattern});
        let Some(value) = self.value("expand", about, schema) else { return Vec::new() };
        let mut wanted = Vec::new();
        for word in value.split(',') {
            match names.iter().find(|name| **name == word) {
                Some(name) => wanted.push(*name),
                None => self.no_choice("expand", word, names),
            }
        }
        wanted
    }

    /// `limit` and `after`: the page of a list.
    pub(crate) fn page<P: DeserializeOwned>(&mut self) -> Wanted<P> {
        let (most, default) = (limits::PAGE_SIZE_MAX, limits::PAGE_SIZE_DEFAULT);
        let about = format!("Most items of the answer; the default is {default}.");
        let limit = self.integer("limit", about, 1..=i64::try_from(most).expect("small"));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let about = "Continues a list: the value of `next` in the answer before.";
        let schema = json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"});
        let cursor = self.value("after", about, schema);
        let after = cursor.zip(self.asked).and_then(|(cursor, (request, cursors))| {
            let position = cursors.position(request, cursor);
            if position.is_none() {
                let detail = "The cursor is not one of this list. Send `next` as it was, with the \
                              same filters and the same order.";
                self.wrong("after", "invalid_cursor", detail);
            }
            position
        });
        let default = usize::try_from(default).expect("small");
        Wanted { limit: limit.unwrap_or(default), after }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// All faults, among them each unknown parameter with the nearest known one.
    pub(crate) fn finish(mut self) -> Result<(), Faults> {
        let Some((request, _)) = self.asked else { return Ok(()) };
        let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        let mut unknown: Vec<&str> =
            request.query_pairs().iter().map(|(name, _)| name.as_str()).collect();
        unknown.retain(|name| !known.contains(name));
        unknown.sort_unstable();
        unknown.dedup();
        for name in unknown {
            self.faults.add(unknown_parameter(name, &known));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }
}

/// The fault of a parameter that the operation does not have.
pub(crate) fn unknown_parameter(name: &str, known: &[&str]) -> Fault {
    let shown: String = name.chars().take(limits::ECHOED_CHARACTERS_MAX).collect();
    let nearest = nearest(&shown, known.iter().copied());
    let detail = match nearest {
        Some(nearest) => format!("There is no such parameter. Did you mean {nearest}?"),
        None => "There is no such parameter.".to_owned(),
    };
    let fault = Fault::in_query(shown, "unknown_parameter", detail);
    let fault = fault.with("known", known.to_vec());
    match nearest {
        Some(nearest) => fault.with("nearest", nearest),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::Answer;
    use http::Method;
    use serde_json::Value;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum By {
        Title,
        Price,
    }

    type Read =
        (Wanted<u64>, Option<bool>, Ends<i64>, Ends<UnixMillis>, Sort<By>, Vec<&'static str>);

    fn read(query: &mut Query<'_>) -> Read {
        let default = Sort { by: By::Title, is_descending: false };
        (
            query.page(),
            query.boolean("paid", "Paid."),
            query.amounts(["price", "price[gte]", "price[lte]"], ["", "", ""]),
            query.times(["created_at", "created_at[gte]", "created_at[lte]"], ["", "", ""]),
            query.sort(&[("title", By::Title), ("price", By::Price)], ("title", default)),
            query.expand(&["category", "variants"]),
        )
    }

    fn asked(target: &str) -> Result<Read, Value> {
        let (request, seal) = (Request::test(Method::GET, target), CursorSeal::new(b"secret"));
        let mut query = Query::of(&request, &seal);
        let fields = read(&mut query);
        let finished = query.finish().map(|()| fields);
        finished
            .map_err(|faults| serde_json::from_str(Answer::from(faults).text()).expect("a problem"))
    }

    #[test]
    fn parameters_are_read() {
        let plain = asked("/a").expect("no parameters");
        assert_eq!(plain.0, Wanted { limit: 20, after: None });
        assert_eq!(plain.4, Sort { by: By::Title, is_descending: false });
        let all = asked(
            "/a?limit=100&paid=false&price[gte]=5&price%5Blte%5D=9&sort=-price\
             &created_at=2024-01-01T01:00:00%2B01:00&expand=variants,category",
        )
        .expect("good parameters");
        assert_eq!((all.0.limit, all.1), (100, Some(false)));
        assert_eq!(all.2, Ends { least: Some(5), most: Some(9) });
        let new_year = Some(UnixMillis::new(1_704_067_200_000));
        assert_eq!(all.3, Ends { least: new_year, most: new_year });
        assert_eq!(all.4, Sort { by: By::Price, is_descending: true });
        assert_eq!(all.5, ["variants", "category"]);
    }

    #[test]
    fn all_wrong_parameters_are_reported_at_once() {
        let problem = asked(
            "/a?limit=101&paid=yes&price=1&price[gte]=1&sort=prize&expand=variants,x&after=zzz\
             &created_at=yesterday&prise=3&paid=true&lmit=1",
        )
        .expect_err("wrong parameters");
        let errors = problem["errors"].as_array().expect("a list");
        let mut found: Vec<(&str, &str)> =
            errors.iter().map(|error| (text(error, "parameter"), text(error, "code"))).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("after", "invalid_cursor"),
                ("created_at", "invalid"),
                ("expand", "not_a_choice"),
                ("limit", "out_of_range"),
                ("lmit", "unknown_parameter"),
                ("paid", "repeated"),
                ("price", "conflict"),
                ("prise", "unknown_parameter"),
                ("sort", "not_a_choice"),
            ]
        );
        let nearest = |name: &str| {
            errors.iter().find(|error| error["parameter"] == name).map(|error| &error["nearest"])
        };
        assert_eq!(nearest("lmit"), Some(&"limit".into()));
        assert_eq!(nearest("prise"), Some(&"price".into()));
    }

    fn text<'a>(error: &'a Value, name: &str) -> &'a str {
        error[name].as_str().expect("a text")
    }

    #[test]
    fn the_reader_describes_its_parameters() {
        let names: Vec<_> = Query::described(read).iter().map(|parameter| parameter.name).collect();
        let first = ["limit", "after", "paid", "price", "price[gte]", "price[lte]"];
        assert_eq!(names[..6], first);
        assert_eq!(names[9..], ["sort", "expand"]);
    }
}
