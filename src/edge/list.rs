//! Writes lists: a short one at once; a long one piece by piece, each when its client has taken the
//! one before, so that the shop never holds all of it.

use crate::edge::answer::{Answer, JSON, Pieces, Tail};
use crate::edge::{limits, standard};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use std::io;

/// The JSON around a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// `{"count", "next", "previous", "results"}`.
    Envelope,
    /// A bare array.
    Bare,
    /// An object with the array under this name.
    Named(&'static str),
}

/// Writes the items of one piece.
pub(crate) struct ItemWriter {
    text: Vec<u8>,
    /// Whether no item was written yet, in this piece or an earlier one.
    is_empty: bool,
    full_at_bytes: usize,
}

impl ItemWriter {
    /// Whether the piece is full; the next item goes into the next piece.
    pub(crate) fn is_full(&self) -> bool {
        self.text.len() >= self.full_at_bytes
    }

    /// Writes an item.
    ///
    /// # Errors
    /// 500 if the item cannot be written as JSON.
    pub(crate) fn write(&mut self, item: &impl Serialize) -> Result<(), Answer> {
        self.separate();
        serde_json::to_writer(&mut self.text, item).map_err(|error| {
            tracing::error!(%error, "an item of a list could not be written as JSON");
            standard::internal_error()
        })
    }

    /// Writes an item that is already JSON.
    pub(crate) fn write_json(&mut self, item: &[u8]) {
        self.separate();
        self.text.extend_from_slice(item);
    }

    fn separate(&mut self) {
        if !self.is_empty {
            self.text.push(b',');
        }
        self.is_empty = false;
    }

    fn take(&mut self) -> Bytes {
        let mut text = std::mem::take(&mut self.text);
        // The client's held octets are counted by length, so capacity must match it.
        text.shrink_to_fit();
        text.into()
    }
}

/// A buffer that also fits the item that fills the piece. A growing buffer would leave blocks of many
/// sizes behind, and the allocator keeps a large page for each size.
fn room_for_piece(full_at_bytes: usize) -> Vec<u8> {
    Vec::with_capacity(full_at_bytes + limits::LIST_ITEM_BYTES)
}

/// 200 with a JSON list between `opening` and `closing`.
///
/// `more` is called once per piece; it writes items until the writer is full and returns whether more
/// remain. `held_bytes` is the memory that it holds until then.
///
/// # Errors
/// The error of `more` for the first piece. A later error breaks the connection off.
pub(super) fn written(
    opening: &str,
    closing: &'static str,
    held_bytes: usize,
    mut more: impl FnMut(&mut ItemWriter) -> Result<bool, Answer> + Send + Sync + 'static,
) -> Result<Answer, Answer> {
    let mut writer = ItemWriter {
        text: room_for_piece(limits::ANSWER_FREE_BYTES),
        is_empty: true,
        full_at_bytes: limits::ANSWER_FREE_BYTES,
    };
    writer.text.extend_from_slice(opening.as_bytes());
    let mut is_unfinished = more(&mut writer)?;
    if !is_unfinished {
        writer.text.extend_from_slice(closing.as_bytes());
        return Ok(Answer::bytes(StatusCode::OK, JSON, writer.take()));
    }
    let first = Answer::bytes(StatusCode::OK, JSON, writer.take());
    writer.full_at_bytes = limits::LIST_PIECE_BYTES;
    let pieces = std::iter::from_fn(move || {
        if !is_unfinished {
            return None;
        }
        writer.text = room_for_piece(writer.full_at_bytes);
        Some(match more(&mut writer) {
            Ok(is_more) => {
                is_unfinished = is_more;
                if !is_more {
                    writer.text.extend_from_slice(closing.as_bytes());
                }
                Ok(writer.take())
            }
            Err(_) => {
                is_unfinished = false;
                Err(io::Error::other("the rest of a list could not be read"))
            }
        })
    });
    let held_bytes = held_bytes + limits::LIST_BUFFERED_BYTES;
    let tail = Pieces { pieces: Box::new(pieces), held_bytes };
    Ok(Answer { tail: Some(Tail::Pieces(tail)), ..first })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of `count` numbers with `digits` digits each, and the pieces after its first.
    fn numbers(count: usize, digits: usize) -> (Answer, Vec<io::Result<Bytes>>) {
        let mut left = vec!["7".repeat(digits); count].into_iter();
        let more = move |writer: &mut ItemWriter| {
            while !writer.is_full() {
                let Some(item) = left.next() else { return Ok(false) };
                writer.write(&item)?;
            }
            Ok(left.len() > 0)
        };
        let mut answer = written("[", "]", 0, more).expect("written");
        let rest = match answer.tail.take() {
            Some(Tail::Pieces(tail)) => tail.pieces.collect(),
            _ => Vec::new(),
        };
        (answer, rest)
    }

    #[test]
    fn answers_a_short_list_whole() {
        for count in [0, 1, 2] {
            let (answer, rest) = numbers(count, 3);
            assert!(rest.is_empty());
            let read: Vec<String> = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(read, vec!["777"; count]);
        }
    }

    #[test]
    fn writes_a_long_list_in_pieces_of_bounded_length() {
        for (count, digits) in [(1_000, 1_000), (70_000, 1), (3, 100_000), (2, 70_000)] {
            let (answer, rest) = numbers(count, digits);
            assert!(!rest.is_empty(), "{count} items of {digits}");
            let mut whole = answer.body.to_vec();
            for piece in rest {
                let piece = piece.expect("a piece");
                assert!(piece.len() <= limits::LIST_PIECE_BYTES + digits + 4);
                whole.extend_from_slice(&piece);
            }
            let read: Vec<String> = serde_json::from_slice(&whole).expect("JSON");
            assert!(read.len() == count && read.iter().all(|item| item.len() == digits));
        }
    }

    #[test]
    fn breaks_off_where_an_item_cannot_be_read() {
        let mut pieces = 0;
        let answer = written("[", "]", 0, move |writer| {
            pieces += 1;
            if pieces == 3 {
                return Err(standard::internal_error());
            }
            writer.write(&"7".repeat(limits::ANSWER_FREE_BYTES))?;
            Ok(true)
        });
        let Some(Tail::Pieces(tail)) = answer.expect("the first piece").tail else {
            panic!("a long list")
        };
        let outcomes: Vec<_> = tail.pieces.map(|piece| piece.is_ok()).collect();
        assert_eq!(outcomes, [true, false]);
        let failed = written("[", "]", 0, |_| Err(standard::internal_error()));
        assert_eq!(failed.map_err(|answer| answer.status.as_u16()).err(), Some(500));
    }
}
