//! What is fuzzed of the shop: a function for each parser that reads what strangers write. It takes any
//! octets, and panics if the parser does or if what it read breaks a promise of its documentation.
//!
//! These files are compiled twice: into the tests of the shop, which run the corpus and changes of it
//! (`suite`), and into the program of libFuzzer (`tests/fuzz/libfuzzer.rs`). See docs/fuzzing.md.

mod amounts;
mod bodies;
mod headers;
mod keys;
mod logs;
mod paths;
#[cfg(test)]
mod suite;
mod texts;

macro_rules! targets {
    ($($module:ident::$target:ident,)+) => {
        /// Every target by its name, which is also that of its corpus.
        #[cfg(fuzzing)]
        pub(crate) const TARGETS: &[(&str, fn(&[u8]))] =
            &[$((stringify!($target), $module::$target)),+];

        #[cfg(test)]
        mod tests {
            use super::*;

            $(
                #[test]
                fn $target() {
                    suite::run(stringify!($target), $module::$target);
                }
            )+
        }
    };
}

targets! {
    amounts::json_number,
    bodies::json_body,
    bodies::posted_form,
    headers::client,
    headers::request_headers,
    headers::token,
    headers::webhook_signature,
    keys::cart_key,
    keys::event_pattern,
    keys::reset_link,
    keys::stored_answer,
    logs::log_message,
    logs::log_query,
    paths::page_query,
    paths::return_address,
    paths::router,
    texts::email,
    texts::name,
    texts::search,
    texts::slug,
    texts::username,
}

/// The input as text. What is no UTF-8 is refused before any parser of texts sees it.
fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).unwrap_or_default()
}

/// The first line of the input, and everything behind it.
fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|octet| *octet == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
