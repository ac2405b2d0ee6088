//! Lists of users, in the order of an index; one request looks at a bounded number of users.

use super::User;
use super::stored::{BY_EMAIL, USERS};
use crate::store::{Direction, Read, Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use souk_domain::{SearchTerms, SearchText, UserId};
use std::ops::ControlFlow;

/// Most users that one request looks at. A list that found fewer than it wants continues later.
const LOOKED_AT_MAX: usize = 2_000;

/// What users can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSort {
    /// When they registered.
    CreatedAt,
    /// The e-mail address, ignoring case.
    Email,
}

/// The place of a user in a list. It stays valid while users change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserPosition {
    /// In order of id.
    Id(u64),
    /// In order of the e-mail address.
    Email(String),
}

/// A list of users.
#[derive(Clone, Debug)]
pub struct UserList {
    /// Words in names and e-mail addresses.
    pub search: Option<SearchTerms>,
    /// What it is sorted by.
    pub sort: UserSort,
    /// Whether it begins with the least value.
    pub direction: Direction,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct SelectedUsers {
    /// The users, in the order of the list.
    pub users: Vec<(UserId, User)>,
    /// The list continues behind this place; `None` at its end.
    pub next: Option<UserPosition>,
}

/// The next users of a list, at most `limit`, behind the place `after`, which must be of the same
/// list. With a search there may be fewer although the list goes on.
///
/// # Errors
/// [`StoreError`].
pub fn select(
    snapshot: &Snapshot,
    list: &UserList,
    after: Option<&UserPosition>,
    limit: usize,
) -> Result<SelectedUsers, StoreError> {
    let search = list.search.as_ref();
    let mut walk =
        Walk { search, limit, looked_at: 0, last: None, found: SelectedUsers::default() };
    let mut failure = None;
    match list.sort {
        UserSort::CreatedAt => {
            let first = UserId::new(1).expect("1 is an id");
            let after = match after {
                Some(UserPosition::Id(id)) => UserId::new(*id),
                _ => None,
            };
            let (from, to) = match (list.direction, after) {
                (Direction::Ascending, Some(after)) => (next_id(after), None),
                (Direction::Descending, Some(after)) => (first, Some(after)),
                (_, None) => (first, None),
            };
            snapshot.visit(USERS, &from, to.as_ref(), list.direction, |id, user| {
                walk.look(UserPosition::Id(id.get()), id, user)
            })?;
        }
        UserSort::Email => {
            let after = match after {
                Some(UserPosition::Email(email)) => Some(email.clone()),
                _ => None,
            };
            let (from, to) = match (list.direction, after) {
                // Nothing lies between a text and the same text with this character behind it.
                (Direction::Ascending, Some(after)) => (format!("{after}\0"), None),
                (Direction::Descending, after) => (String::new(), after),
                (Direction::Ascending, None) => (String::new(), None),
            };
            snapshot.visit(
                BY_EMAIL,
                &from,
                to.as_ref(),
                list.direction,
                |email, id| match snapshot.get(USERS, &id) {
                    Ok(Some(user)) => walk.look(UserPosition::Email(email), id, user),
                    Ok(None) => ControlFlow::Continue(()),
                    Err(error) => {
                        failure = Some(error);
                        ControlFlow::Break(())
                    }
                },
            )?;
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(walk.found),
    }
}

fn next_id(id: UserId) -> UserId {
    UserId::new(id.get() + 1).unwrap_or(id)
}

/// A list that is being read.
struct Walk<'a> {
    search: Option<&'a SearchTerms>,
    limit: usize,
    looked_at: usize,
    last: Option<UserPosition>,
    found: SelectedUsers,
}

impl Walk<'_> {
    fn look(&mut self, place: UserPosition, id: UserId, user: User) -> ControlFlow<()> {
        let is_wanted = self.search.is_none_or(|terms| has_words(&user, terms));
        let is_full = is_wanted && self.found.users.len() == self.limit;
        if is_full || self.looked_at == LOOKED_AT_MAX {
            self.found.next = self.last.take();
            return ControlFlow::Break(());
        }
        self.looked_at += 1;
        if is_wanted {
            self.found.users.push((id, user));
        }
        self.last = Some(place);
        ControlFlow::Continue(())
    }
}

fn has_words(user: &User, terms: &SearchTerms) -> bool {
    let name = user.full_name();
    let text = SearchText::of(&[&name, user.email.as_str(), user.username.as_str()]);
    terms.are_in(&text)
}
