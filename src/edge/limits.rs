//! All limits of the edge, each with its unit in the name.

/// Open connections, at most three quarters of them from one address. Further ones from that address
/// are closed at once; further ones in total wait in the listener's backlog.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
/// Time limit for a request line and its headers, also on an idle kept-alive connection.
pub(crate) const HEADER_READ_SECONDS: u64 = 10;
/// Longest request line with headers, in octets; beyond it hyper answers 431.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;
/// A client that takes nothing of its answer for this long is disconnected.
pub(crate) const WRITE_STALL_SECONDS: u64 = 30;
/// Pause after the system refused to accept a connection (usually: out of file descriptors).
pub(crate) const ACCEPT_PAUSE_MILLIS: u64 = 50;
/// How long shutdown waits for running requests. `souk` promises to exit within 10 s, and the adapters
/// need the rest.
pub(crate) const SHUTDOWN_SECONDS: u64 = 5;
/// Open streams, at most three quarters of them for one client; beyond it 503.
pub(crate) const STREAMS_MAX: usize = 64;
/// Chunks of a stream that wait for its client.
pub(crate) const STREAM_CHUNKS_MAX: usize = 16;
/// Interval of the heartbeats on an idle stream.
pub(crate) const HEARTBEAT_SECONDS: u64 = 15;
/// Running requests that may change something; beyond it 503.
pub(crate) const CHANGES_IN_FLIGHT_MAX: u32 = 8192;

/// Longest request body.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How much of a too long body is read and discarded, so that the client sees the 413 and not a reset.
pub(crate) const BODY_DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Time limit for a body to arrive.
pub(crate) const BODY_READ_SECONDS: u64 = 30;
/// Bodies up to this size need no room; longer ones share [`BODIES_UNITS_MAX`].
pub(crate) const BODY_FREE_BYTES: usize = 16 * 1024;
/// Octets per unit of room for bodies and answers.
pub(crate) const ROOM_UNIT_BYTES: usize = 1024;
/// Units of room for the arrived parts of bodies longer than [`BODY_FREE_BYTES`] (64 MiB), three
/// quarters of it for one client; beyond it 503. An arriving body takes up to three times its length
/// in memory.
pub(crate) const BODIES_UNITS_MAX: usize = 64 * 1024;
/// Answers up to this size need no room; longer ones share [`ANSWERS_UNITS_MAX`].
pub(crate) const ANSWER_FREE_BYTES: usize = 64 * 1024;
/// A piece of a long list is sent when it reaches this size.
pub(crate) const LIST_PIECE_BYTES: usize = 32 * 1024;
/// Expected size of most items of a list; longer ones make their piece grow.
pub(crate) const LIST_ITEM_BYTES: usize = 2 * 1024;
/// Octets that a connection buffers of a body in pieces: hyper stops asking for more when its buffer
/// is full, and the last piece may have overshot.
pub(crate) const LIST_BUFFERED_BYTES: usize = HEADER_BYTES_MAX + 2 * LIST_PIECE_BYTES;
/// Units of room for longer answers that clients have not taken yet (64 MiB), three quarters of it for
/// one client; beyond it 503.
pub(crate) const ANSWERS_UNITS_MAX: usize = 64 * 1024;
/// Lists and searches that wait to be read, for all clients and for one; beyond it 503. Each
/// connection has at most one.
pub(crate) const READINGS_WAITING_MAX: usize = CONNECTIONS_MAX;
/// Several clients use the shop for this long after requests of two of them.
pub(crate) const CROWD_MILLIS: u64 = 1000;
/// `Retry-After` of the edge's 503 answers.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// Query parameters read; further ones are ignored.
pub(crate) const QUERY_PARAMETERS_MAX: usize = 128;
/// Characters read of a search; further ones are ignored.
pub(crate) const SEARCH_CHARACTERS_MAX: usize = 200;
/// Longest `Host` header used in links.
pub(crate) const HOST_CHARACTERS_MAX: usize = 255;

/// Most fields of one JSON object.
pub(crate) const FORM_FIELDS_MAX: usize = 256;
/// Deepest nesting of objects and lists in a JSON body.
pub(crate) const JSON_DEPTH_MAX: usize = 32;
/// Longest number written as a JSON string, as in Django REST Framework.
pub(crate) const NUMBER_CHARACTERS_MAX: usize = 1000;
/// How much of a refused value an error message repeats.
pub(crate) const ECHOED_CHARACTERS_MAX: usize = 100;

/// Octets of an `Idempotency-Key`, all of them visible ASCII.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Items per page without `page_size`.
pub(crate) const PAGE_SIZE_DEFAULT: u64 = 20;
/// Most items per page.
pub(crate) const PAGE_SIZE_MAX: u64 = 100;
/// Most items of a list without pages: its clients' documents do not mention pages.
pub(crate) const WHOLE_LIST_ITEMS_MAX: u64 = 10_000;

/// Longest token that is parsed.
pub(crate) const TOKEN_BYTES_MAX: usize = 4096;
/// How far in the future by our clock a token may be issued.
pub(crate) const TOKEN_CLOCK_SKEW_SECONDS: i64 = 60;
/// How long an access token lives.
pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;
/// How long a refresh token lives.
pub(crate) const REFRESH_TOKEN_SECONDS: i64 = 24 * 60 * 60;
