//! One documented operation: a method, a path, and the function that answers it.

use crate::edge::answer::IntoAnswer;
use crate::edge::description::Describe;
use crate::edge::{Answer, Request, standard};
use futures_util::future::BoxFuture;
use http::Method;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A handler with a boxed future. Only the future is allocated, not the function.
pub(super) type Handler<S> = Box<dyn Fn(Arc<S>, Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Whether the trailing slash of a path matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrailingSlash {
    /// The path is served with and without the slash. This is the rule, except where storefront and
    /// platform share paths.
    Optional,
    /// The path is served only as written.
    Exact,
}

/// The properties of an operation that are known without calling it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The method.
    pub(crate) method: Method,
    /// The path as the document prints it, with parameters in braces.
    pub(crate) path: &'static str,
    /// The heading in the contract's document.
    pub(crate) heading: &'static str,
    /// The contract; empty until the route is in a [`Router`](super::Router).
    pub(crate) contract: &'static str,
    /// Whether the trailing slash matters.
    pub(crate) trailing_slash: TrailingSlash,
    /// The description in each contract that prints the operation.
    pub(crate) descriptions: Vec<Described>,
}

/// The description of an operation in one contract.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described {
    /// The contract; empty until the route is in a [`Router`](super::Router).
    pub(crate) contract: &'static str,
    /// The heading in its document.
    pub(crate) heading: &'static str,
    /// Adds the rest of the description.
    pub(crate) describe: Describe,
}

/// An operation and the function that answers it, for an application state `S`.
pub(crate) struct Route<S> {
    pub(super) operation: Operation,
    pub(super) handler: Handler<S>,
}

impl<S: Send + Sync + 'static> Route<S> {
    /// The route of one operation. It serves both spellings of the path unless [`Route::exact`] is
    /// called.
    pub(crate) fn new<F, Fut>(
        method: Method,
        path: &'static str,
        heading: &'static str,
        handler: F,
    ) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        let handler: Handler<S> = Box::new(move |state, call| {
            let answering = handler(state, call);
            Box::pin(async move { answering.await.into_answer() })
        });
        let trailing_slash = TrailingSlash::Optional;
        let descriptions = Vec::new();
        let operation =
            Operation { method, path, heading, contract: "", trailing_slash, descriptions };
        Self { operation, handler }
    }

    /// A `GET` route. It also answers `HEAD`.
    pub(crate) fn get<F, Fut>(path: &'static str, heading: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(Method::GET, path, heading, handler)
    }

    /// A `POST` route.
    pub(crate) fn post<F, Fut>(path: &'static str, heading: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(Method::POST, path, heading, handler)
    }

    /// A `PUT` route.
    pub(crate) fn put<F, Fut>(path: &'static str, heading: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(Method::PUT, path, heading, handler)
    }

    /// A `PATCH` route.
    pub(crate) fn patch<F, Fut>(path: &'static str, heading: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(Method::PATCH, path, heading, handler)
    }

    /// A `DELETE` route.
    pub(crate) fn delete<F, Fut>(path: &'static str, heading: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(Method::DELETE, path, heading, handler)
    }

    /// Adds the description in the route's own contract.
    pub(crate) fn described(self, describe: Describe) -> Self {
        let heading = self.operation.heading;
        self.described_in("", heading, describe)
    }

    /// Adds the description in another contract.
    pub(crate) fn described_in(
        mut self,
        contract: &'static str,
        heading: &'static str,
        describe: Describe,
    ) -> Self {
        self.operation.descriptions.push(Described { contract, heading, describe });
        self
    }

    /// Serves only the spelling of the path that is written, with or without its trailing slash.
    pub(crate) fn exact(mut self) -> Self {
        self.operation.trailing_slash = TrailingSlash::Exact;
        self
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// A request for its handler.
#[derive(Debug)]
pub(crate) struct Call {
    /// The request.
    pub(crate) request: Request,
    /// The parameters of the path.
    pub(crate) params: Params,
    /// The requested operation.
    pub(crate) operation: Arc<Operation>,
}

impl Call {
    /// The id in the path, parsed with `OrderId::parse` or a similar function. Leading zeros are
    /// ignored.
    ///
    /// # Errors
    /// 404 for a text that cannot be an id: `0`, `-1`, `abc`, 2^63.
    pub(crate) fn id<T>(&self, name: &str, parse: fn(&str) -> Option<T>) -> Result<T, Answer> {
        let digits = self.params.get(name).map(|digits| digits.trim_start_matches('0'));
        digits.and_then(parse).ok_or_else(standard::not_found)
    }
}

/// The parameters of a path, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    /// Pairs the parameter names of a route with the values in the path; `None` if a value is not
    /// UTF-8.
    pub(super) fn decode<'a>(
        names: &[&'static str],
        values: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let pair = |(name, value): (&&'static str, &str)| Some((*name, percent_decode(value)?));
        names.iter().zip(values).map(pair).collect::<Option<_>>().map(Self)
    }

    /// The parameter of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

/// Decodes percent escapes such as `%41`; `None` if an escape is broken or the result is not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_whole = text.split('%').skip(1).all(is_escape);
    let decoded = percent_encoding::percent_decode_str(text);
    is_whole.then(|| decoded.decode_utf8().ok()).flatten().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_decoded() {
        for (text, decoded) in [
            ("plain", Some("plain")),
            ("caf%C3%A9", Some("café")),
            ("a%2Fb%20c", Some("a/b c")),
            ("%ff", None),
            ("%4", None),
            ("%zz", None),
        ] {
            assert_eq!(percent_decode(text).as_deref(), decoded, "{text}");
        }
    }

    #[test]
    fn a_malformed_id_is_not_found() {
        let call = |id: &'static str| Call {
            request: Request::test(Method::GET, "/"),
            params: Params(vec![("id", id.to_owned())]),
            operation: Arc::new(Operation {
                method: Method::GET,
                path: "/",
                heading: "",
                contract: "",
                trailing_slash: TrailingSlash::Optional,
                descriptions: Vec::new(),
            }),
        };
        let parse = souk_domain::OrderId::parse;
        for id in ["7", "07", "00000000000000000000000007"] {
            assert_eq!(call(id).id("id", parse).map(souk_domain::OrderId::get).ok(), Some(7));
        }
        for id in ["0", "00", "-1", "0-1", "+1", "0x1", "٣", "abc", "9223372036854775808", "1.5"] {
            assert_eq!(
                call(id).id("id", parse).map_err(|answer| answer.status),
                Err(404.try_into().expect("a status"))
            );
        }
    }
}
