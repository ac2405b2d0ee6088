//! Every bound of the edge, with its unit in the name.

/// Connections open at once, three quarters of them from one address: further ones of that address
/// are closed at once, of others they wait in the listener's backlog.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
/// A request line and its headers must arrive within this time, also on an idle kept-alive connection.
pub(crate) const HEADER_READ_SECONDS: u64 = 10;
/// Longest request line with headers; beyond it hyper answers 431.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;
/// A client that takes nothing of its answer for this long is cut off.
pub(crate) const WRITE_STALL_SECONDS: u64 = 30;
/// How long accepting pauses after the system refused it (out of file descriptors, mostly).
pub(crate) const ACCEPT_PAUSE_MILLIS: u64 = 50;
/// Shutdown waits this long for what runs; `souk` promises to exit within 10 s, and messages and
/// mails want their share of them.
pub(crate) const SHUTDOWN_SECONDS: u64 = 5;
/// Answers that go on, open at once, three quarters of them from one client; beyond it 503.
pub(crate) const STREAMS_MAX: usize = 64;
/// Chunks of such an answer that wait for its client.
pub(crate) const STREAM_CHUNKS_MAX: usize = 16;
/// An answer that goes on and has nothing to say says so this often.
pub(crate) const HEARTBEAT_SECONDS: u64 = 15;
/// Requests that may change something, running at once; beyond it 503.
pub(crate) const CHANGES_IN_FLIGHT_MAX: u32 = 8192;

/// Longest request body.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How much of a too long body is read and thrown away so that the client sees the 413 and no reset.
pub(crate) const BODY_DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A body must arrive within this time.
pub(crate) const BODY_READ_SECONDS: u64 = 30;
/// Bodies up to this size are taken without asking; longer ones share [`BODIES_UNITS_MAX`].
pub(crate) const BODY_FREE_BYTES: usize = 16 * 1024;
/// Octets of a unit of room for bodies and answers.
pub(crate) const ROOM_UNIT_BYTES: usize = 1024;
/// Units of room for what has arrived of bodies longer than [`BODY_FREE_BYTES`] (64 MiB), three
/// quarters of it for one client; beyond it 503. A body takes up to three times its length while it
/// arrives.
pub(crate) const BODIES_UNITS_MAX: usize = 64 * 1024;
/// Answers up to this size are held without asking; longer ones share [`ANSWERS_UNITS_MAX`].
pub(crate) const ANSWER_FREE_BYTES: usize = 64 * 1024;
/// Octets after which a piece of a list too long to be held whole is sent.
pub(crate) const LIST_PIECE_BYTES: usize = 32 * 1024;
/// Octets of most items of a list; longer ones make their piece grow.
pub(crate) const LIST_ITEM_BYTES: usize = 2 * 1024;
/// Octets that a connection buffers of a body that comes in pieces: hyper stops asking for more
/// where its buffer is full, and the piece that filled it may have overshot.
pub(crate) const LIST_BUFFERED_BYTES: usize = HEADER_BYTES_MAX + 2 * LIST_PIECE_BYTES;
/// Units of room for longer answers whose clients have not taken them yet (64 MiB), three quarters
/// of it for one client; beyond it 503.
pub(crate) const ANSWERS_UNITS_MAX: usize = 64 * 1024;
/// Lists and searches that wait for their turn to be read, of all clients and of one; beyond it 503.
/// A connection brings one at a time.
pub(crate) const READINGS_WAITING_MAX: usize = CONNECTIONS_MAX;
/// What a 503 of the edge says in `Retry-After`.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// Query parameters read; further ones are ignored.
pub(crate) const QUERY_PARAMETERS_MAX: usize = 128;
/// Characters of a search that are read; further ones are ignored.
pub(crate) const SEARCH_CHARACTERS_MAX: usize = 200;
/// Longest `Host` header used in links.
pub(crate) const HOST_CHARACTERS_MAX: usize = 255;

/// Fields of one JSON object.
pub(crate) const FORM_FIELDS_MAX: usize = 256;
/// Objects and lists inside each other in a JSON body.
pub(crate) const JSON_DEPTH_MAX: usize = 32;
/// Longest number written as a JSON string, as in Django REST Framework.
pub(crate) const NUMBER_CHARACTERS_MAX: usize = 1000;
/// How much of a refused value an error message repeats.
pub(crate) const ECHOED_CHARACTERS_MAX: usize = 100;

/// Octets of an `Idempotency-Key`, all of them visible ASCII.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Items per page where nothing is asked.
pub(crate) const PAGE_SIZE_DEFAULT: u64 = 20;
/// Most items per page.
pub(crate) const PAGE_SIZE_MAX: u64 = 100;
/// Most items of a list that is shown whole: its clients were never told of pages.
pub(crate) const WHOLE_LIST_ITEMS_MAX: u64 = 10_000;

/// Longest token looked at.
pub(crate) const TOKEN_BYTES_MAX: usize = 4096;
/// How far ahead of our clock a token may claim to be issued.
pub(crate) const TOKEN_CLOCK_SKEW_SECONDS: i64 = 60;
/// How long an access token lives.
pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;
/// How long a refresh token lives.
pub(crate) const REFRESH_TOKEN_SECONDS: i64 = 24 * 60 * 60;
