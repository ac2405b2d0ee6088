//! One journey (register, product, cart, order, pay, cancel) through every contract. Whichever contract takes it, the
//! shop ends in the same state: the same stock, the same order in all five contracts, the same events.

use crate::support;
use crate::support::Speaker::{Classic, Minimal, Platform, Services, Storefront};
use crate::support::{Broker, Event, Person, Seen, Shop, Speaker, listed_by_services};

const PRICE: &str = "12.50";
const IN_STOCK: i64 = 10;
const BOUGHT: i64 = 2;
const TOTAL: &str = "25.00";
const TOTAL_MINOR_UNITS: i64 = 2500;

/// Who takes a step of the journey.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The contract itself.
    Own,
    /// The document has no call for it (none of the words in `lacks`), so another contract takes the step.
    Through(Speaker, Lacks),
    /// The document has no call for it, and the next step includes it.
    None(Lacks),
}

/// Words that the document would use for the step, and does not contain.
type Lacks = &'static str;

/// The steps of one contract.
struct Row {
    speaker: Speaker,
    product: Step,
    stock: Step,
    cart: Step,
    order: Step,
    pay: Step,
    cancel: Step,
}

use Step::{Own, Through};

const TABLE: [Row; 5] = [
    Row {
        speaker: Classic,
        product: Own,
        stock: Own,
        cart: Step::None("cart"),
        order: Own,
        pay: Own,
        cancel: Own,
    },
    Row {
        speaker: Minimal,
        product: Through(Classic, "Create Product"),
        stock: Through(Classic, "tock"),
        cart: Own,
        order: Own,
        pay: Own,
        cancel: Through(Classic, "ancel"),
    },
    Row {
        speaker: Services,
        product: Own,
        stock: Through(Storefront, "stock"),
        cart: Own,
        order: Own,
        pay: Own,
        cancel: Own,
    },
    Row {
        speaker: Storefront,
        product: Own,
        stock: Own,
        cart: Own,
        order: Own,
        pay: Own,
        cancel: Own,
    },
    Row {
        speaker: Platform,
        product: Own,
        stock: Own,
        cart: Step::None("/cart"),
        order: Own,
        pay: Through(Storefront, "/payment"),
        cancel: Own,
    },
];

impl Step {
    /// The contract that takes this step, if any.
    fn speaker(self, own: Speaker) -> Option<Speaker> {
        match self {
            Self::Own => Some(own),
            Self::Through(other, _) => Some(other),
            Self::None(_) => None,
        }
    }

    fn lacks(self) -> Option<Lacks> {
        match self {
            Self::Own => None,
            Self::Through(_, lacks) | Self::None(lacks) => Some(lacks),
        }
    }
}

impl Row {
    fn steps(&self) -> [Step; 6] {
        [self.product, self.stock, self.cart, self.order, self.pay, self.cancel]
    }
}

/// The end of the journey.
struct Ending {
    is_paid_for: bool,
    is_cancelled: bool,
    status: &'static str,
    stock: i64,
    /// The order's events: the kind, and the status and whether it was paid afterwards.
    events: &'static [(&'static str, &'static str, bool)],
}

#[tokio::test]
async fn a_paid_order_is_kept() {
    everybody_ends(Ending {
        is_paid_for: true,
        is_cancelled: false,
        status: "completed",
        stock: IN_STOCK - BOUGHT,
        events: &[("placed", "pending", false), ("paid", "completed", true)],
    })
    .await;
}

#[tokio::test]
async fn a_paid_order_is_cancelled_and_refunded() {
    everybody_ends(Ending {
        is_paid_for: true,
        is_cancelled: true,
        status: "cancelled",
        stock: IN_STOCK,
        events: &[
            ("placed", "pending", false),
            ("paid", "completed", true),
            ("cancelled", "cancelled", true),
            ("refunded", "cancelled", false),
        ],
    })
    .await;
}

#[tokio::test]
async fn an_unpaid_order_is_cancelled() {
    everybody_ends(Ending {
        is_paid_for: false,
        is_cancelled: true,
        status: "cancelled",
        stock: IN_STOCK,
        events: &[("placed", "pending", false), ("cancelled", "cancelled", false)],
    })
    .await;
}

#[test]
fn steps_left_to_other_contracts_are_missing_from_the_document() {
    for row in &TABLE {
        let document = row.speaker.document();
        for words in row.steps().into_iter().filter_map(Step::lacks) {
            assert!(!document.contains(words), "{:?} has {words:?} after all", row.speaker);
        }
    }
    assert_eq!(TABLE.map(|row| row.speaker), Speaker::ALL);
}

/// What a journey leaves behind.
struct Traveller {
    buyer: Person,
    product: i64,
    order: i64,
}

/// Takes the journey through every contract in the same shop, and expects the same end.
async fn everybody_ends(ending: Ending) {
    let broker = Broker::start();
    let mut shop = Shop::open_with(&[("SOUK_NATS_URL", &broker.url())]).await;
    let boss = shop.admin().await;
    let mut travellers = Vec::new();
    for row in &TABLE {
        travellers.push(travel(&shop, &boss, row, &ending).await);
    }

    for traveller in &travellers {
        expect_order(traveller, &ending).await;
        expect_events(&broker, traveller.order, &ending).await;
    }
    let (orders, is_kept) = (i64::try_from(TABLE.len()).expect("five"), !ending.is_cancelled);
    let kept = if is_kept { orders } else { 0 };
    #[expect(clippy::cast_precision_loss, reason = "five orders")]
    let revenue = 25.0 * kept as f64;
    assert_eq!(boss.report().await, (orders, revenue, kept, 0));
    // Last, because in some contracts only a purchase attempt shows the stock.
    for traveller in &travellers {
        for eye in Speaker::ALL {
            eye.sells(&traveller.buyer, &boss, traveller.product, ending.stock).await;
        }
    }
    shop.stop().await;
    assert!(!shop.output().contains("ERROR"), "{}", shop.output());
    shop.check();
}

async fn travel(shop: &Shop, boss: &Person, row: &Row, ending: &Ending) -> Traveller {
    let speaker = row.speaker;
    // A storefront user's name is the e-mail address; the other contracts ask for one.
    let name = format!("ann.{}", speaker.name());
    let buyer = speaker.register(shop, &name).await;
    let buyer = speaker.log_in(&buyer, &name).await;

    let makes = row.product.speaker(speaker).expect("a product must come from somewhere");
    let product = makes.add_product(boss, &format!("Lamp of {}", speaker.name()), PRICE).await;
    let stocks = row.stock.speaker(speaker).expect("so must its stock");
    stocks.stock_up(boss, product, IN_STOCK).await;

    if let Some(carts) = row.cart.speaker(speaker) {
        let added = carts.put_in_cart(&buyer, product, BOUGHT).await;
        assert!([200, 201].contains(&added.status), "{added}");
    }
    let orders = row.order.speaker(speaker).expect("an order must come from somewhere");
    let order = orders.order(&buyer, product, BOUGHT, TOTAL).await;
    if ending.is_paid_for {
        let pays = row.pay.speaker(speaker).expect("so must its payment");
        pays.pay(&buyer, order, TOTAL).await;
    }
    if ending.is_cancelled {
        let cancels = row.cancel.speaker(speaker).expect("and its end");
        cancels.cancel(&buyer, boss, order).await;
    }
    Traveller { buyer, product, order }
}

/// Expects the same order in all five contracts. Only a refund follows a moment later.
async fn expect_order(traveller: &Traveller, ending: &Ending) {
    let Traveller { buyer, order, .. } = traveller;
    let expected = Seen { status: ending.status.to_owned(), total: TOTAL.to_owned() };
    for eye in Speaker::ALL {
        assert_eq!(eye.sees(buyer, *order).await, expected, "order {order} to {}", eye.name());
    }
    let is_paid = ending.is_paid_for && !ending.is_cancelled;
    let what = format!("order {order} with is_paid {is_paid}");
    support::eventually(&what, async || {
        (listed_by_services(buyer, *order).await["is_paid"] == is_paid).then_some(())
    })
    .await;
}

async fn expect_events(broker: &Broker, order: i64, ending: &Ending) {
    let history: Vec<_> = ending.events.iter().map(|(what, _, _)| *what).collect();
    let events = broker.expect_history(order, &history).await;
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, ending.events, "{events:#?}");
}

/// The order as an event shows it. The lines and the total are the same in every event of these journeys.
fn told(event: &Event) -> (&str, &str, bool) {
    let order = &event.body["data"]["order"];
    assert_eq!(order["total"]["amount"], TOTAL_MINOR_UNITS, "{event:#?}");
    assert_eq!(order["lines"].as_array().map(Vec::len), Some(1), "{event:#?}");
    assert_eq!(order["lines"][0]["quantity"], BOUGHT, "{event:#?}");
    let status = order["status"].as_str().expect("a word");
    (event.what(), status, order["is_paid"].as_bool().expect("yes or no"))
}
