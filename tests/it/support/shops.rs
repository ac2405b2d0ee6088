//! Several processes of one shop: each with a data directory and a port of its own, all on one database.

use super::person::Person;
use super::postgres::SHARED_SECRET;
use super::shop::{ADMIN_EMAIL, ADMIN_PASSWORD, Shop};

pub(crate) struct Shops {
    /// The processes that serve, each in its place.
    pub(crate) members: Vec<Shop>,
    /// Those that were killed and replaced: what they printed and wrote is kept.
    pub(crate) replaced: Vec<Shop>,
}

impl Shops {
    /// This many processes on the database, with an administrator.
    pub(crate) async fn open(store: &str, count: usize) -> Self {
        Self::open_with(store, count, &[]).await
    }

    /// The same with these settings.
    pub(crate) async fn open_with(store: &str, count: usize, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("SOUK_STORE", store), SHARED_SECRET];
        all.extend_from_slice(settings);
        let first = Shop::closed_with(&all);
        first.create_admin("boss", ADMIN_EMAIL, ADMIN_PASSWORD).expect_success();
        let mut members = vec![first];
        members.extend((1..count).map(|_| Shop::closed_with(&all)));
        for member in &mut members {
            member.start();
        }
        Self { members, replaced: Vec::new() }
    }

    /// The administrator at every process, with the token of one log-in.
    pub(crate) async fn bosses(&self) -> Vec<Person> {
        self.everywhere(&self.members[0].admin().await)
    }

    /// The same person, with the same token, at every process.
    pub(crate) fn everywhere(&self, person: &Person) -> Vec<Person> {
        self.members.iter().map(|member| person.at(member)).collect()
    }

    /// `kill -9` for one process.
    pub(crate) fn kill(&mut self, place: usize) {
        self.members[place].kill();
    }

    /// Starts another process in the place of one that was killed. Its data directory is new.
    pub(crate) fn replace(&mut self, place: usize) {
        let mut successor = self.members[place].successor();
        successor.start();
        self.replaced.push(std::mem::replace(&mut self.members[place], successor));
    }

    /// Stops all processes and runs `souk check`.
    pub(crate) async fn stop_and_check(&mut self) {
        for member in &self.members {
            member.ask_to_stop();
        }
        for member in &mut self.members {
            member.stop().await;
        }
        self.members[0].check();
    }
}
