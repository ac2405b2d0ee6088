//! Pages of lists: Django REST Framework's `PageNumberPagination`, and headers for bare arrays.

use super::headers::X_TOTAL_COUNT;
use crate::edge::form::python_int;
use crate::edge::list::{self, ItemWriter, Wrapping};
use crate::edge::{Answer, Request, limits, standard};
use http::header::{HeaderValue, LINK};
use serde::Serialize;
use url::form_urlencoded;

/// The page that a request asks for; the list's length is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageQuery {
    number: PageNumber,
    size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageNumber {
    Number(u64),
    Last,
}

/// One page of a list with a known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Items per page.
    pub(crate) size: u64,
    /// Items in the whole list.
    pub(crate) count: u64,
}

/// The envelope of a page.
#[derive(Debug, Serialize)]
struct Envelope<'a, T> {
    count: u64,
    next: Option<String>,
    previous: Option<String>,
    results: &'a [T],
}

impl PageQuery {
    /// Reads `page` and `page_size`. An invalid `page_size` counts as the default.
    ///
    /// # Errors
    /// 404 for a page that is neither a number from 1 nor `last`.
    pub(crate) fn of(request: &Request) -> Result<Self, Answer> {
        let positive = |text| python_int(text).and_then(|number| u64::try_from(number).ok());
        let positive = |text| positive(text).filter(|number| *number >= 1);
        let number = match request.query("page") {
            None | Some("") => PageNumber::Number(1),
            Some("last") => PageNumber::Last,
            Some(text) => PageNumber::Number(positive(text).ok_or_else(standard::invalid_page)?),
        };
        let size = request.query("page_size").and_then(positive);
        let size = size.unwrap_or(limits::PAGE_SIZE_DEFAULT);
        Ok(Self { number, size: size.min(limits::PAGE_SIZE_MAX) })
    }

    /// Like [`PageQuery::of`] for a list whose document shows it without pages: by default the page
    /// has [`limits::WHOLE_LIST_ITEMS_MAX`] items.
    ///
    /// # Errors
    /// As [`PageQuery::of`].
    pub(crate) fn of_whole_list(request: &Request) -> Result<Self, Answer> {
        let query = Self::of(request)?;
        let is_cut = ["page", "page_size"].iter().any(|name| request.query(name).is_some());
        Ok(if is_cut { query } else { Self { size: limits::WHOLE_LIST_ITEMS_MAX, ..query } })
    }

    /// Whether the page has no more items than the contracts' pages may have.
    pub(crate) fn is_short(&self) -> bool {
        self.size <= limits::PAGE_SIZE_MAX
    }

    /// Fetches the page: `fetch` gets an offset and a limit, and returns the length of the whole list and
    /// the items.
    ///
    /// # Errors
    /// The error of `fetch`; 404 beyond the end.
    pub(crate) fn fetch<T, E: From<Answer>>(
        self,
        fetch: impl Fn(u64, usize) -> Result<(u64, T), E>,
    ) -> Result<(Page, T), E> {
        let limit = usize::try_from(self.size).expect("at most WHOLE_LIST_ITEMS_MAX");
        let number = match self.number {
            PageNumber::Number(number) => number,
            PageNumber::Last => {
                let (count, _) = fetch(0, 0)?;
                self.within(count)?.number
            }
        };
        let (count, items) = fetch((number - 1).saturating_mul(self.size), limit)?;
        let page = Self { number: PageNumber::Number(number), ..self }.within(count)?;
        Ok((page, items))
    }

    /// The page within a list of `count` items. The first page of an empty list is valid.
    ///
    /// # Errors
    /// 404 beyond the end.
    pub(crate) fn within(self, count: u64) -> Result<Page, Answer> {
        let last = last_page(count, self.size);
        let number = match self.number {
            PageNumber::Number(number) => number,
            PageNumber::Last => last,
        };
        if number > last {
            return Err(standard::invalid_page());
        }
        Ok(Page { number, size: self.size, count })
    }
}

impl Page {
    /// How many items come before the page.
    #[cfg(test)]
    fn offset(&self) -> u64 {
        (self.number - 1) * self.size
    }

    /// 200 with `{count, next, previous, results}`; `base_url` is [`Request::base_url`].
    pub(crate) fn envelope(
        &self,
        request: &Request,
        base_url: &str,
        results: &[impl Serialize],
    ) -> Answer {
        Answer::ok(&Envelope {
            count: self.count,
            next: self.next().map(|number| link(request, base_url, number)),
            previous: self.previous().map(|number| link(request, base_url, number)),
            results,
        })
    }

    /// 200 with a list in this wrapping; `more` writes it as in [`list::written`]. A list without an
    /// envelope has its position in `X-Total-Count` and `Link`.
    ///
    /// # Errors
    /// The error of `more` for the first piece.
    pub(crate) fn list(
        &self,
        wrapping: Wrapping,
        (request, base_url): (&Request, &str),
        held_bytes: usize,
        more: impl FnMut(&mut ItemWriter) -> Result<bool, Answer> + Send + Sync + 'static,
    ) -> Result<Answer, Answer> {
        match wrapping {
            Wrapping::Envelope => {
                let quoted = |number| match number {
                    Some(number) => serde_json::Value::from(link(request, base_url, number)),
                    None => serde_json::Value::Null,
                };
                let (next, previous) = (quoted(self.next()), quoted(self.previous()));
                let opening = format!(
                    r#"{{"count":{},"next":{next},"previous":{previous},"results":["#,
                    self.count
                );
                list::written(&opening, "]}", held_bytes, more)
            }
            Wrapping::Bare => {
                let answer = list::written("[", "]", held_bytes, more)?;
                Ok(self.located(request, base_url, answer))
            }
            Wrapping::Named(name) => {
                let opening = format!(r#"{{"{name}":["#);
                let answer = list::written(&opening, "]}", held_bytes, more)?;
                Ok(self.located(request, base_url, answer))
            }
        }
    }

    /// Adds the page's position in `X-Total-Count` and `Link` to an answer.
    fn located(&self, request: &Request, base_url: &str, answer: Answer) -> Answer {
        let relations = [
            ("first", Some(1)),
            ("prev", self.previous()),
            ("next", self.next()),
            ("last", Some(last_page(self.count, self.size))),
        ];
        let links: Vec<String> = relations
            .into_iter()
            .filter_map(|(relation, number)| Some((relation, link(request, base_url, number?))))
            .map(|(relation, url)| format!("<{url}>; rel=\"{relation}\""))
            .collect();
        let answer = answer.with_header(X_TOTAL_COUNT, HeaderValue::from(self.count));
        match HeaderValue::from_str(&links.join(", ")) {
            Ok(links) => answer.with_header(LINK, links),
            Err(_) => answer,
        }
    }

    fn next(&self) -> Option<u64> {
        (self.number < last_page(self.count, self.size)).then(|| self.number + 1)
    }

    fn previous(&self) -> Option<u64> {
        (self.number > 1).then(|| self.number - 1)
    }
}

fn last_page(count: u64, size: u64) -> u64 {
    count.div_ceil(size).max(1)
}

/// The URL of another page. As in Django REST Framework, the parameters are sorted by name, and the
/// first page has no `page`.
fn link(request: &Request, base_url: &str, number: u64) -> String {
    let number = number.to_string();
    let mut pairs: Vec<(&str, &str)> = request
        .query_pairs()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| *name != "page")
        .collect();
    if number != "1" {
        pairs.push(("page", &number));
    }
    pairs.sort_by_key(|(name, _)| *name);
    let path = &request.path;
    if pairs.is_empty() {
        return format!("{base_url}{path}");
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{base_url}{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    const BASE: &str = "http://example.com";

    fn get(target: &str) -> Request {
        Request::test(Method::GET, target)
    }

    fn page(target: &str, count: u64) -> Result<Page, Answer> {
        PageQuery::of(&get(target))?.within(count)
    }

    #[test]
    fn a_useless_size_is_the_default_and_a_large_one_is_cut() {
        for (query, size) in [
            ("", 20),
            ("?page_size=7", 7),
            ("?page_size=0", 20),
            ("?page_size=-3", 20),
            ("?page_size=abc", 20),
            ("?page_size=", 20),
            ("?page_size=%D9%A7", 7),
            ("?page_size=%2B7", 7),
            ("?page_size=1_0", 10),
            ("?page_size=100", 100),
            ("?page_size=1000000", 100),
        ] {
            let page = page(&format!("/p/{query}"), 5).expect("the first page");
            assert_eq!(page, Page { number: 1, size, count: 5 }, "{query}");
        }
    }

    #[test]
    fn a_page_that_is_none_is_404() {
        for number in ["0", "-1", "abc", "1.5", "4", "%20", "%20last", "18446744073709551616"] {
            let answer = page(&format!("/p/?page={number}"), 60).expect_err(number);
            assert_eq!(answer.status, 404);
            assert_eq!(answer.text(), r#"{"detail":"Invalid page."}"#);
        }
        for three in ["3", "%203", "03", "%2B3", "%D9%A3"] {
            let page = page(&format!("/p/?page={three}"), 60).expect(three);
            assert_eq!(page.number, 3, "{three}");
        }
        assert_eq!(page("/p/?page=3", 60).map(|page| page.offset()).ok(), Some(40));
        assert_eq!(page("/p/?page=last", 61).map(|page| page.number).ok(), Some(4));
        assert_eq!(page("/p/?page=1", 0).map(|page| page.offset()).ok(), Some(0));
        assert_eq!(page("/p/?page=2", 0).map_err(|answer| answer.status.as_u16()), Err(404));
    }

    #[test]
    fn the_envelope_links_to_its_neighbours_and_keeps_the_other_parameters() {
        let target = "/p/?search=red+caf%C3%A9&page=2&category=1";
        let answer = page(target, 60).expect("a page").envelope(&get(target), BASE, &[7]);
        assert_eq!(
            answer.text(),
            concat!(
                r#"{"count":60,"#,
                r#""next":"http://example.com/p/?category=1&page=3&search=red+caf%C3%A9","#,
                r#""previous":"http://example.com/p/?category=1&search=red+caf%C3%A9","#,
                r#""results":[7]}"#
            )
        );
        let seven = |writer: &mut ItemWriter| writer.write(&7).map(|()| false);
        let written = page(target, 60).expect("a page").list(
            Wrapping::Envelope,
            (&get(target), BASE),
            0,
            seven,
        );
        assert_eq!(written.expect("written").text(), answer.text());
        let empty = page("/p/", 0).expect("a page").envelope(&get("/p/"), BASE, &[0; 0]);
        assert_eq!(empty.text(), r#"{"count":0,"next":null,"previous":null,"results":[]}"#);
        let second =
            page("/p/?page=2", 21).expect("a page").envelope(&get("/p/?page=2"), BASE, &[0; 0]);
        assert!(second.text().contains(r#""next":null,"previous":"http://example.com/p/","#));
    }

    #[test]
    fn a_bare_array_says_in_its_headers_where_it_stands() {
        let page = page("/o/?page=2", 60).expect("a page");
        let one = |writer: &mut ItemWriter| writer.write(&1).map(|()| false);
        let request = get("/o/?page=2");
        let answer = page.list(Wrapping::Bare, (&request, BASE), 0, one).expect("written");
        assert_eq!(answer.text(), "[1]");
        let named = page.list(Wrapping::Named("orders"), (&request, BASE), 0, one);
        assert_eq!(named.expect("written").text(), r#"{"orders":[1]}"#);
        assert_eq!(answer.header("x-total-count"), "60");
        assert_eq!(
            answer.header("link"),
            concat!(
                "<http://example.com/o/>; rel=\"first\", <http://example.com/o/>; rel=\"prev\", ",
                "<http://example.com/o/?page=3>; rel=\"next\", ",
                "<http://example.com/o/?page=3>; rel=\"last\""
            )
        );
    }
}
