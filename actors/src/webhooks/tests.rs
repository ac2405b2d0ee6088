//! Endpoints and their logs, without sending anything.

use super::*;
use crate::check::Findings;
use crate::owner::Command;
use crate::store::{Opening, Store, StoreLimits, Unit};
use crate::{Failure, clock};

struct House {
    store: Store,
    _directory: tempfile::TempDir,
}

impl House {
    fn open() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (schema, limits) = (crate::schema(), StoreLimits::default());
        let store = Store::open(directory.path(), &schema, Opening::OrMake, limits);
        Self { store: store.expect("a store"), _directory: directory }
    }

    async fn act<T: Send + 'static>(
        &self,
        act: impl Fn(&Unit) -> Result<T, Failure> + Clone + Send + Sync + 'static,
    ) -> T {
        let acted = self.store.transact(move |unit| {
            let act = act.clone();
            async move { act(&unit) }
        });
        acted.await.expect("a turn")
    }

    async fn apply<C>(&self, command: C) -> C::Reply
    where
        C: Command<Owner = Webhooks> + Clone + Sync,
    {
        self.act(move |unit| command.clone().apply(unit, &Webhooks)).await
    }

    async fn endpoint(&self) -> u64 {
        let create = CreateEndpoint {
            url: "https://hooks.example/".to_owned(),
            events: vec!["order.*".to_owned()],
            description: String::new(),
            is_active: true,
        };
        self.apply(create).await.expect("room for one").0
    }

    async fn tried(&self, endpoint: u64, sequence: u64, verdict: Verdict) -> Recorded {
        self.apply(RecordTry {
            endpoint,
            sequence,
            cursor: sequence,
            event_id: format!("store.order.1.{sequence}"),
            event: "order.paid".to_owned(),
            answer: None,
            reason: String::new(),
            verdict,
        })
        .await
    }

    fn expect_sound(&self) {
        let mut findings = Findings::default();
        check(&self.store.snapshot(), &mut findings).expect("readable");
        assert!(findings.is_sound(), "{findings}");
    }
}

#[tokio::test]
async fn the_log_is_bounded_and_keeps_waiting_deliveries() {
    let house = House::open();
    let endpoint = house.endpoint().await;
    house.tried(endpoint, 1, Verdict::Again(clock::now())).await;
    for sequence in 2..=LOG_MAX + 10 {
        house.tried(endpoint, sequence, Verdict::Taken).await;
    }
    house.expect_sound();
    let snapshot = house.store.snapshot();
    let (count, _) = deliveries(&snapshot, endpoint, 0, 1).expect("readable");
    assert_eq!(count, LOG_MAX + 1);
    assert!(delivery(&*snapshot, endpoint, 1).expect("readable").is_some());
    assert_eq!(first_row_needed(&snapshot).expect("readable"), Some(1));
    drop(snapshot);
    house.tried(endpoint, 1, Verdict::Taken).await;
    house.expect_sound();
    let held = first_row_needed(&house.store.snapshot()).expect("readable");
    assert_eq!(held, Some(LOG_MAX + 11));
    assert!(house.apply(DeleteEndpoint { id: endpoint }).await);
    house.expect_sound();
    assert_eq!(first_row_needed(&house.store.snapshot()).expect("readable"), None);
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_three_days_is_switched_off() {
    let house = House::open();
    let endpoint = house.endpoint().await;
    let again = Verdict::Again(clock::now());
    assert_eq!(house.tried(endpoint, 1, again).await, Recorded::Noted);
    // A success in between resets the failure.
    let now = clock::now();
    let back_then = now.before(SWITCHED_OFF_AFTER);
    let age = move |unit: &Unit| {
        let mut row = super::endpoint(unit, endpoint)?.expect("it is there");
        row.failing_since = Some(back_then);
        Ok(unit.put(stored::ENDPOINTS, &endpoint, &row)?)
    };
    house.act(age).await;
    assert_eq!(house.tried(endpoint, 2, Verdict::Taken).await, Recorded::Noted);
    assert_eq!(house.tried(endpoint, 1, again).await, Recorded::Noted);
    house.act(age).await;
    assert_eq!(house.tried(endpoint, 1, Verdict::GivenUp).await, Recorded::SwitchedOff);
    assert!(active(&*house.store.snapshot()).expect("readable").is_empty());
    house.expect_sound();

    let change = EndpointChange { is_active: Some(true), ..EndpointChange::default() };
    let switched = house.apply(UpdateEndpoint { id: endpoint, change }).await;
    assert_eq!(switched.expect("it is there").failing_since, None);
    house.expect_sound();
}

#[tokio::test]
async fn the_number_of_endpoints_is_bounded() {
    let house = House::open();
    for _ in 0..ENDPOINTS_MAX {
        house.endpoint().await;
    }
    let create = CreateEndpoint {
        url: "https://hooks.example/".to_owned(),
        events: vec!["*".to_owned()],
        description: String::new(),
        is_active: true,
    };
    assert!(house.apply(create).await.is_none());
}
