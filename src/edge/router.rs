//! Finds the handler of a request: one path match, then a lookup in the path's methods.
//!
//! A path has two spellings, with and without the trailing slash, each with its own table of methods:
//! storefront and platform share paths and differ by the slash (contracts README, "Who answers a
//! path").

use crate::edge::route::{Call, Handler, Operation, Params, Route, TrailingSlash};
use crate::edge::tally::{self, Stopwatch, Tally};
use crate::edge::{Answer, Request, standard, target};
use futures_util::future::{BoxFuture, Either, ready};
use http::Method;
use http::header::HeaderValue;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Methods that a route may have, in the order of `Allow`.
const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// `Allow` for the whole server.
const ALL_METHODS: &str = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS";

/// Why a set of routes is invalid: a mistake in a contract's table, found at start.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RouterError {
    /// Two routes would answer the same request.
    #[error("{method} {path} of {contract} is already answered by {other}")]
    Taken {
        method: Method,
        /// The path of the later route.
        path: &'static str,
        /// The contract of the later route.
        contract: &'static str,
        /// The contract of the earlier route.
        other: &'static str,
    },
    /// A path is not a valid pattern.
    #[error("{path} is malformed: {reason}")]
    BadPath {
        path: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A method that no route may have.
    #[error("{path} cannot have a route for {method}")]
    BadMethod { method: Method, path: &'static str },
}

/// A route and its counters.
struct RouteEntry<S> {
    operation: Arc<Operation>,
    parameter_names: Vec<&'static str>,
    handler: Handler<S>,
    tally: Arc<Tally>,
}

/// The methods of one spelling of a path: per method the number of its route.
#[derive(Clone)]
struct Table {
    entries: [Option<usize>; METHODS.len()],
    allow: HeaderValue,
}

/// Both spellings of a path. The table of a spelling without routes is empty.
struct PathTables {
    unslashed: Table,
    slashed: Table,
}

/// All routes of all contracts.
pub(crate) struct Router<S> {
    paths: matchit::Router<usize>,
    tables: Vec<PathTables>,
    entries: Vec<RouteEntry<S>>,
    /// The counters of requests that no handler answers.
    unrouted: Arc<Tally>,
    /// Unknown paths and methods at or below this path are answered with problems.
    problems_under: Option<&'static str>,
}

impl<S: Send + Sync + 'static> Router<S> {
    /// Collects the routes of each contract.
    ///
    /// # Errors
    /// [`RouterError`] if two routes answer the same request or a path is malformed.
    pub(crate) fn new(
        contracts: impl IntoIterator<Item = (&'static str, Vec<Route<S>>)>,
    ) -> Result<Self, RouterError> {
        let mut router = Self {
            paths: matchit::Router::new(),
            tables: Vec::new(),
            entries: Vec::new(),
            unrouted: Arc::default(),
            problems_under: None,
        };
        let mut known = HashMap::new();
        for (contract, routes) in contracts {
            for mut route in routes {
                route.operation.contract = contract;
                for described in &mut route.operation.descriptions {
                    if described.contract.is_empty() {
                        described.contract = contract;
                    }
                }
                router.insert(route, &mut known)?;
            }
        }
        Ok(router)
    }

    /// From now on, an unknown path or method at `path` or below it is answered with a problem
    /// (RFC 9457).
    pub(crate) fn with_problems_under(self, path: &'static str) -> Self {
        Self { problems_under: Some(path), ..self }
    }

    fn insert(
        &mut self,
        route: Route<S>,
        known: &mut HashMap<String, usize>,
    ) -> Result<(), RouterError> {
        let Operation { ref method, path, contract, trailing_slash, .. } = route.operation;
        let method_number = METHODS
            .iter()
            .position(|known| known == method)
            .ok_or_else(|| RouterError::BadMethod { method: method.clone(), path })?;
        let (unslashed_path, slashed) = split_slash(path);
        let (pattern, parameter_names) = numbered_pattern(unslashed_path);
        let index = match known.entry(pattern) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let index = self.tables.len();
                self.paths
                    .insert(entry.key().as_str(), index)
                    .map_err(|error| RouterError::BadPath { path, reason: error.to_string() })?;
                self.tables.push(PathTables { unslashed: Table::empty(), slashed: Table::empty() });
                *entry.insert(index)
            }
        };
        let path_tables = &mut self.tables[index];
        let both = trailing_slash == TrailingSlash::Optional;
        let mut spellings = Vec::with_capacity(2);
        if both || !slashed {
            spellings.push(&mut path_tables.unslashed);
        }
        if both || slashed {
            spellings.push(&mut path_tables.slashed);
        }
        for table in spellings {
            if let Some(earlier) = table.entries[method_number] {
                let other = self.entries[earlier].operation.contract;
                return Err(RouterError::Taken { method: method.clone(), path, contract, other });
            }
            table.entries[method_number] = Some(self.entries.len());
            table.allow = table.allowed_methods();
        }
        let operation = Arc::new(route.operation);
        let (handler, tally) = (route.handler, Arc::default());
        self.entries.push(RouteEntry { operation, parameter_names, handler, tally });
        Ok(())
    }

    /// Every operation of every contract, in the order they were given.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.entries.iter().map(|entry| &*entry.operation)
    }

    /// Writes each operation's counters and durations in Prometheus's format.
    pub(crate) fn write_tallies(&self, text: &mut String) {
        let entries = self.entries.iter().map(|entry| (Some(&*entry.operation), &*entry.tally));
        tally::write(text, entries.chain([(None, &*self.unrouted)]));
    }

    /// The path of a request, without its trailing slash if both spellings are equivalent.
    pub(crate) fn path_of<'a>(&self, request: &'a Request) -> &'a str {
        let is_exact = self
            .find(request)
            .is_ok_and(|(entry, _)| entry.operation.trailing_slash == TrailingSlash::Exact);
        if is_exact { &request.path } else { request.path.trim_end_matches('/') }
    }

    /// Whether a handler answers this request.
    #[cfg(test)]
    pub(crate) fn answers(&self, method: &Method, path: &str) -> bool {
        self.find(&Request::test(method.clone(), path)).is_ok()
    }

    /// Answers a request: with its handler, or with 301, 404, 405 or the allowed methods.
    pub(crate) fn answer(
        &self,
        state: &Arc<S>,
        request: Request,
    ) -> impl Future<Output = Answer> + Send + use<S> {
        match self.find(&request) {
            Ok((entry, params)) => {
                let call = Call { request, params, operation: Arc::clone(&entry.operation) };
                let watch = Stopwatch::start(Arc::clone(&entry.tally));
                let answering: BoxFuture<'static, Answer> =
                    (entry.handler)(Arc::clone(state), call);
                Either::Left(async move {
                    let answer = answering.await;
                    watch.stop(answer.status);
                    answer
                })
            }
            Err(answer) => {
                let answer =
                    if self.has_problems(&request) { answer.into_problem() } else { answer };
                Stopwatch::start(Arc::clone(&self.unrouted)).stop(answer.status);
                Either::Right(ready(answer))
            }
        }
    }

    /// Whether refusals of this request are problems (RFC 9457).
    pub(crate) fn has_problems(&self, request: &Request) -> bool {
        let rest = self.problems_under.and_then(|path| request.path.strip_prefix(path));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The route and the path's parameters, or the answer if there is no route.
    fn find(&self, request: &Request) -> Result<(&RouteEntry<S>, Params), Answer> {
        if request.path == target::WHOLE_SERVER && request.method == Method::OPTIONS {
            return Err(standard::options(HeaderValue::from_static(ALL_METHODS)));
        }
        let (unslashed_path, slashed) = split_slash(&request.path);
        let matched = self.paths.at(unslashed_path).map_err(|_| standard::not_found())?;
        let path_tables = &self.tables[*matched.value];
        let table = if slashed { &path_tables.slashed } else { &path_tables.unslashed };
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        if let Some(index) = table.entry_of(method) {
            let entry = &self.entries[index];
            let values = matched.params.iter().map(|(_, value)| value);
            let params = Params::decode(&entry.parameter_names, values);
            return params.map(|params| (entry, params)).ok_or_else(standard::not_found);
        }
        if !slashed && method == Method::GET && path_tables.slashed.entry_of(method).is_some() {
            return Err(moved_to_slash(request));
        }
        if table.is_empty() {
            return Err(standard::not_found());
        }
        let allow = table.allow.clone();
        if request.method == Method::OPTIONS {
            return Err(standard::options(allow));
        }
        Err(standard::method_not_allowed(&request.method, allow))
    }
}

impl Table {
    fn empty() -> Self {
        Self { entries: [None; METHODS.len()], allow: HeaderValue::from_static("OPTIONS") }
    }

    fn is_empty(&self) -> bool {
        self.entries.iter().all(Option::is_none)
    }

    fn entry_of(&self, method: &Method) -> Option<usize> {
        let number = METHODS.iter().position(|known| known == method)?;
        self.entries[number]
    }

    fn allowed_methods(&self) -> HeaderValue {
        let present = METHODS.iter().zip(&self.entries).filter(|(_, entry)| entry.is_some());
        let mut names: Vec<&str> = present.map(|(method, _)| method.as_str()).collect();
        if self.entry_of(&Method::GET).is_some() {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        HeaderValue::from_str(&names.join(", ")).expect("method names are visible ASCII")
    }
}

/// The path without its trailing slash, and whether it had one. `/` counts as without.
fn split_slash(path: &str) -> (&str, bool) {
    match path.strip_suffix('/') {
        Some(unslashed) if !unslashed.is_empty() => (unslashed, true),
        _ => (path, false),
    }
}

/// Turns `/a/{id}/b/{line}` into `/a/{p0}/b/{p1}` and the parameters' names in order, so that
/// contracts may name the same segment differently.
fn numbered_pattern(path: &'static str) -> (String, Vec<&'static str>) {
    let mut pattern = String::with_capacity(path.len());
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        pattern.push_str(before);
        pattern.push_str(&format!("{{p{}}}", names.len()));
        names.push(name);
        rest = behind;
    }
    pattern.push_str(rest);
    (pattern, names)
}

/// 301 to the path with its slash; the query is kept.
///
/// A path that starts with two slashes is not moved: a browser would read it as another host.
fn moved_to_slash(request: &Request) -> Answer {
    if request.path.starts_with("//") {
        return standard::not_found();
    }
    let mut location = format!("{}/", request.path);
    if !request.raw_query.is_empty() {
        location.push('?');
        location.push_str(&request.raw_query);
    }
    standard::moved_permanently(&location)
}

#[cfg(test)]
mod tests;
