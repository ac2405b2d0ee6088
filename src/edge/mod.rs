//! The HTTP edge: everything that all five contracts share, and no business rule.
//!
//! | file | content |
//! |---|---|
//! | `server` | connections: accepting, timeouts, shutdown; warp turns each request into a [`Request`] |
//! | `body`, `stall` | limits for slow and greedy clients: reading bodies, writing answers |
//! | `target` | the request target: its path and host |
//! | `request`, `answer`, `standard` | what handlers get, what they return, the answers that all contracts share |
//! | `accept` | whether a client prefers a page to JSON |
//! | `access` | one log line per request |
//! | `client` | which client a request is from, through trusted proxies |
//! | `crowd` | whether several clients use the shop |
//! | `gate` | how many requests of one client run at once |
//! | `cors`, `headers` | which pages of other origins may read our answers; all headers read and written |
//! | `description`, `openapi` | the description of an operation, and the OpenAPI document made of it |
//! | `shares` | resources that all clients share, with limits for all and for each |
//! | `route`, `router` | finding the handler of a path, with or without the trailing slash |
//! | `tally` | counters and durations of each operation |
//! | `form` | JSON bodies; reports every wrong field at once |
//! | `posted` | forms that browsers post |
//! | `problem` | the errors of Souk's own API, every wrong value with its pointer and code |
//! | `query`, `paging` | the parameters of its lists, and the cursors that continue them |
//! | `versions` | the versions of its objects: `ETag`, `If-None-Match`, `If-Match` |
//! | `search` | the search terms of a list |
//! | `pages`, `list` | page numbers, envelopes and links; long lists in pieces |
//! | `tokens` | the JWT |
//! | `limits` | every limit, with its unit in the name |

mod accept;
mod access;
mod answer;
mod body;
mod client;
mod cors;
mod crowd;
mod description;
pub(crate) mod form;
mod gate;
pub(crate) mod headers;
pub(crate) mod limits;
mod list;
pub(crate) mod openapi;
mod pages;
mod paging;
mod posted;
mod problem;
mod query;
mod request;
mod route;
mod router;
mod search;
mod server;
mod shares;
mod stall;
pub(crate) mod standard;
mod tally;
mod target;
mod tokens;
pub(crate) mod values;
pub(crate) mod versions;

pub(crate) use accept::VARY_BY_ACCEPT;
pub(crate) use access::{AccessLog, TARGET as ACCESS_TARGET};
pub(crate) use answer::Answer;
pub(crate) use client::{Client, TrustedProxies};
pub(crate) use cors::Cors;
pub(crate) use crowd::Crowd;
pub(crate) use description::{Description, any_text};
pub(crate) use form::{Errors, Form};
pub(crate) use list::{ItemWriter, Wrapping};
pub(crate) use pages::PageQuery;
pub(crate) use paging::{CursorSeal, Wanted};
pub(crate) use posted::PostedForm;
pub(crate) use query::{Ends, Query, Sort};
pub(crate) use request::{Request, bearer_of};
pub(crate) use route::{Call, Operation, Route};
pub(crate) use router::{Router, RouterError};
pub(crate) use search::{malformed_search, search_terms, search_text};
pub(crate) use server::serve;
pub(crate) use shares::{Pool, Share};
pub(crate) use tokens::{BadToken, Claims, TokenId, TokenKey, TokenKind};
