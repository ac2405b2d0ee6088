//! User names from earlier versions, and user names that equal another user's address.

use super::super::stored::{BY_EMAIL, TABLES};
use super::super::user::User;
use super::super::{Register, UpdateProfile, Users, by_username};
use super::*;
use crate::check::Findings;
use crate::hashing::Hasher;
use crate::owner::Command;
use crate::users;
use souk_domain::{Password, Role, UnixMillis};
use std::sync::Arc;

async fn store() -> (tempfile::TempDir, Store, Arc<User>) {
    let directory = tempfile::tempdir().expect("a directory");
    let tables = [TABLES, crate::outbox::TABLES].concat();
    let store = Store::made_in(directory.path(), &tables);
    let password = Password::choose("a-good-password".to_owned()).expect("long enough");
    let somebody = User {
        username: Username::claimed("somebody"),
        email: address("somebody@example.com"),
        password: Hasher::start().expect("starts").hash(password).await.expect("hashed"),
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
        phone_number: None,
        city: None,
        address: None,
        postcode: None,
        joined_at: UnixMillis::new(1),
        version: 1,
    };
    (directory, store, Arc::new(somebody))
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

/// Adds users the way an earlier version did: user 1, 2, … with these names.
async fn add_earlier(store: &Store, like: &Arc<User>, names: &'static [&'static str]) {
    let like = Arc::clone(like);
    let add = store.transact(move |unit| {
        let like = Arc::clone(&like);
        async move {
            for name in names {
                let id = crate::ids::next(&unit, "user", UserId::new)?;
                let username = Username::claimed(name);
                let email = address(&format!("user{id}@example.com"));
                unit.put(BY_EMAIL, &email.unique_form(), &id)?;
                unit.put(BY_USERNAME, &earlier_key(&username), &id)?;
                unit.put(USERS, &id, &User { username, email, ..like.as_ref().clone() })?;
            }
            Ok(())
        }
    });
    add.await.expect("written");
}

fn found(store: &Store, name: &str) -> Option<u64> {
    let found = by_username(&*store.snapshot(), &Username::claimed(name)).expect("read");
    found.map(|(id, _)| id.get())
}

fn require_sound(store: &Store) {
    let mut findings = Findings::default();
    users::check(&store.snapshot(), &mut findings).expect("checked");
    assert!(findings.is_sound(), "{findings}");
}

async fn try_register(
    store: &Store,
    like: &Arc<User>,
    username: &str,
    email: &str,
) -> Result<(u64, String), Failure> {
    let command = Register {
        username: Username::claimed(username),
        email: address(email),
        password: like.password.clone(),
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
    };
    let add = store.transact(move |unit| {
        let command = command.clone();
        async move { command.apply(&unit, &Users) }
    });
    add.await.map(|(id, user)| (id.get(), user.username.to_string()))
}

async fn try_rename(
    store: &Store,
    user: u64,
    username: &str,
    email: Option<&str>,
) -> Result<String, Failure> {
    let command = UpdateProfile {
        user: UserId::new(user).expect("an id"),
        username: Some(Username::claimed(username)),
        email: email.map(address),
        first_name: None,
        last_name: None,
        details: users::ProfileDetails::default(),
    };
    let change = store.transact(move |unit| {
        let command = command.clone();
        async move { command.apply(&unit, &Users) }
    });
    change.await.map(|user| user.username.to_string())
}

#[tokio::test]
async fn users_of_an_earlier_version_are_found_and_names_like_theirs_are_taken() {
    let (_directory, store, like) = store().await;
    let names = &["ann", "Straße", "STRASSE", "Ａnn2", "ΟΔΟΣ", "e\u{301}va"];
    add_earlier(&store, &like, names).await;
    for _ in 0..2 {
        renew_keys(&store).await.expect("renewed");
        for (name, id) in names.iter().zip(1..) {
            assert_eq!(found(&store, name), Some(id), "{name}");
        }
        require_sound(&store);
    }
    assert_eq!(found(&store, "straße"), Some(2));
    for name in ["ANN", "strasse", "ann2", "οδος", "ÉVA", "ａｎｎ"] {
        let refused = try_register(&store, &like, name, "new@example.com").await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::UsernameTaken))), "{refused:?}");
    }
    try_rename(&store, 2, "bob", None).await.expect("renamed");
    assert_eq!((found(&store, "Straße"), found(&store, "BOB")), (Some(3), Some(2)));
    require_sound(&store);
}

#[tokio::test]
async fn an_address_taken_as_a_name_does_not_block_its_owner() {
    let (_directory, store, like) = store().await;
    add_earlier(&store, &like, &["ann@example.com", "bob@example.com"]).await;
    renew_keys(&store).await.expect("renewed");

    let ann = try_register(&store, &like, "ann@example.com", "ann@example.com").await;
    assert_eq!(ann.expect("registered"), (3, "ann@example.com_3".to_owned()));
    assert_eq!(found(&store, "ann@example.com"), Some(1), "who had the name keeps it");
    let carl = try_register(&store, &like, "carl@example.com", "carl@example.com").await;
    assert_eq!(carl.expect("registered").1, "carl@example.com");
    let moved = try_rename(&store, 4, "bob@example.com", Some("bob@example.com")).await;
    assert_eq!(moved.expect("moved"), "bob@example.com_4");
    let same = try_rename(&store, 4, "bob@example.com", None).await;
    assert_eq!(same.expect("unchanged"), "bob@example.com_4");

    for (name, email) in
        [("dora@example.com", "eve@example.com"), ("ｄora@example.com", "eve@example.com")]
    {
        let name = Username::parse(name).expect("a name");
        let refused = try_register(&store, &like, name.as_str(), email).await;
        assert!(
            matches!(refused, Err(Failure::Refused(Refusal::UsernameIsAnAddress))),
            "{refused:?}"
        );
        let refused = try_rename(&store, 2, name.as_str(), None).await;
        assert!(
            matches!(refused, Err(Failure::Refused(Refusal::UsernameIsAnAddress))),
            "{refused:?}"
        );
    }
    // An unchanged name from earlier is not checked again.
    try_rename(&store, 1, "ann@example.com", Some("other@example.com")).await.expect("kept");
    require_sound(&store);
}
