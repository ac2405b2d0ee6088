//! The HTTP edge: what is the same for all five contracts, and no rule of the shop.
//!
//! | file | what it holds |
//! |---|---|
//! | `server` | connections: accepting, timeouts, shutdown; warp turns each request into a [`Request`] |
//! | `body`, `stall` | the two ways a slow or greedy client is cut off |
//! | `target` | what a request line asks for, and what asks for nothing |
//! | `request`, `answer`, `standard` | what handlers get, what they give, what every contract says alike |
//! | `accept` | whether a client prefers a page to JSON |
//! | `access` | one line of the log for each request |
//! | `client` | which client a request is from, through trusted proxies |
//! | `cors`, `headers` | which pages of other origins may read our answers; every header there is |
//! | `description`, `openapi` | the description of an operation, and the OpenAPI document made of it |
//! | `shares` | what all clients share, with a bound for all together and for each |
//! | `route`, `router` | which handler answers a path, with or without the trailing slash |
//! | `tally` | how often and how fast each operation was answered |
//! | `form` | JSON bodies, every wrong field named at once |
//! | `posted` | forms as browsers post them |
//! | `problem` | the errors of Souk's own API |
//! | `search` | the words that a list is searched for |
//! | `pages`, `list` | page numbers, envelopes and links; long lists in pieces |
//! | `tokens` | the JWT |
//! | `limits` | every bound, with its unit in the name |

mod accept;
mod access;
mod answer;
mod body;
mod client;
mod cors;
mod description;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod limits;
mod list;
pub(crate) mod openapi;
mod pages;
mod posted;
mod problem;
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

pub(crate) use accept::VARY_BY_ACCEPT;
pub(crate) use access::{AccessLog, TARGET as ACCESS_TARGET};
pub(crate) use answer::Answer;
pub(crate) use client::{Client, TrustedProxies};
pub(crate) use cors::Cors;
pub(crate) use description::{Description, any_text};
pub(crate) use form::{Errors, Form};
pub(crate) use list::{ItemWriter, Wrapping};
pub(crate) use pages::PageAsked;
pub(crate) use posted::PostedForm;
pub(crate) use request::{Request, bearer_of};
pub(crate) use route::{Call, Operation, Route};
pub(crate) use router::{Router, RouterError};
pub(crate) use search::{search_terms, search_text, unfit_search};
pub(crate) use server::serve;
pub(crate) use shares::{Pool, Share};
pub(crate) use tokens::{BadToken, Claims, TokenId, TokenKey, TokenKind};
