//! A random customer under load, who remembers what the shop acknowledged.

use serde_json::json;

use super::world::{Lines, Order, Wish, World};
use crate::support::{Answer, Ask, Person, Shop, id_of};

pub(crate) struct Shopper {
    person: Person,
    products: Vec<i64>,
    random: fastrand::Rng,
    wishes: u64,
    pub(crate) world: World,
    /// The unanswered request at the kill: it may have taken effect or not.
    doubt: Option<Wish>,
    /// People this shopper registered.
    friends: Vec<String>,
    pub(crate) acknowledged: usize,
}

const PASSWORD: &str = "a-friends-password-1";
/// A page of the list has a hundred orders; with this many, the shopper deletes some.
const MOST_ORDERS: usize = 90;
/// Paid orders cannot be deleted, so their number is limited.
const MOST_PAID: usize = 50;

impl Shopper {
    pub(crate) fn new(person: Person, products: &[i64], seed: u64) -> Self {
        Self {
            person,
            products: products.to_vec(),
            random: fastrand::Rng::with_seed(seed),
            wishes: 0,
            world: World::default(),
            doubt: None,
            friends: Vec::new(),
            acknowledged: 0,
        }
    }

    /// Sends one request after another until one is not answered.
    pub(crate) async fn shop_until_the_door_closes(mut self, boss: Person) -> Self {
        loop {
            let wish = self.next_wish();
            match self.ask(&wish, &boss).attempt().await {
                Ok(answer) => self.remember(&wish, &answer),
                Err(_) => {
                    self.doubt = Some(wish);
                    return self;
                }
            }
        }
    }

    /// After the restart, every acknowledged change is there, and the unanswered one is complete or absent.
    pub(crate) async fn compare_with_the_shop(&mut self, shop: &Shop) {
        self.person = shop.nobody().log_in(&self.person.email, &self.person.password).await;
        let mut seen = self.look().await;
        let doubt = self.doubt.take();

        let as_wished = doubt.as_ref().and_then(|wish| {
            let order = match wish.makes_an_order() {
                true => Some(self.world.new_order_in(&seen)?),
                false => None,
            };
            Some(self.world.after(wish, order)).filter(|world| world.looks_like(&seen))
        });
        let came_true = as_wished.is_some();
        if let Some(world) = as_wished {
            self.world = world;
        }
        assert!(
            self.world.looks_like(&seen),
            "{} knew {:#?}\nwas in doubt about {doubt:?}\nand found {seen:#?}",
            self.person.email,
            self.world
        );

        if let Some(wish) = doubt {
            self.settle(&wish, came_true).await;
            seen = self.look().await;
            assert!(
                self.world.looks_like(&seen),
                "after {wish:?} again: {:#?} is not {seen:#?}",
                self.world
            );
        }
        for friend in &self.friends {
            shop.nobody().log_in(friend, PASSWORD).await;
        }
    }

    async fn look(&self) -> World {
        World::read(&self.person.cart().await, &self.person.orders().await)
    }

    /// Resolves an unanswered request as a client would: sends it again with the same key, or logs in.
    async fn settle(&mut self, wish: &Wish, came_true: bool) {
        if let Wish::Register { email } = wish {
            // Either the account exists, or the address is still free.
            let first = self.person.try_log_in(email, PASSWORD).await;
            if first.status != 200 {
                first.says(400, json!({"non_field_errors": ["Invalid credentials"]}));
                self.ask(wish, &self.person).send().await.expect(201);
            }
            self.friends.push(email.clone());
        }
        if wish.key().is_some() {
            let answer = self.ask(wish, &self.person).send().await;
            assert_eq!(
                answer.is_replay(),
                came_true,
                "the answer is kept with the order it made: {answer}"
            );
            match came_true {
                true => {
                    assert!(self.world.orders.contains_key(&id_of(&answer.expect(201))), "{answer}")
                }
                false => self.remember(wish, &answer),
            }
        }
    }

    fn next_wish(&mut self) -> Wish {
        self.wishes += 1;
        let with_status = |wanted: &str| -> Vec<i64> {
            self.world
                .orders
                .iter()
                .filter(|(_, order)| order.status == wanted)
                .map(|(id, _)| *id)
                .collect()
        };
        let (pending, cancelled) = (with_status("pending"), with_status("cancelled"));
        let may_pay = with_status("completed").len() < MOST_PAID;
        let order = self.random.choice(pending.iter().copied());
        let old = self.random.choice(cancelled.iter().copied());
        let product =
            self.random.choice(self.products.iter().copied()).expect("there are products");
        let key = self.random.bool().then(|| format!("{}-{}", self.person.email, self.wishes));
        let room = self.world.orders.len() < MOST_ORDERS;
        match (self.random.u8(..100), order, old) {
            (0..3, ..) => {
                Wish::Register { email: format!("friend{}-of-{}", self.wishes, self.person.email) }
            }
            (3..7, ..) => Wish::ClearCart,
            (7..35, ..) if room && !self.world.cart.is_empty() => Wish::CheckOut { key },
            (35..50, ..) if room => {
                let other =
                    self.random.choice(self.products.iter().copied()).expect("there are products");
                let lines =
                    Lines::from([(product, self.random.i64(1..4)), (other, self.random.i64(1..4))]);
                Wish::OrderDirectly { lines, key }
            }
            (50..58, Some(order), _) => Wish::Delete { order },
            (58..68, Some(order), _) => Wish::Cancel { order },
            (68..73, Some(order), _) => Wish::CreatePayment { order },
            (73..82, Some(order), _) if may_pay => Wish::Pay { order },
            (82..86, _, Some(order)) => Wish::Remove { order },
            // A shopper with enough orders deletes some.
            (_, _, Some(order)) if !room => Wish::Remove { order },
            (_, Some(order), _) if !room => Wish::Delete { order },
            _ => Wish::PutInCart { product, quantity: self.random.i64(1..4) },
        }
    }

    fn ask(&self, wish: &Wish, boss: &Person) -> Ask {
        let me = &self.person;
        let ask = match wish {
            Wish::Register { email } => {
                let body =
                    json!({"email": email, "password": PASSWORD, "password_confirm": PASSWORD});
                boss.bearing("").ask("POST", "/api/v1/auth/register/").json(&body)
            }
            Wish::PutInCart { product, quantity } => me
                .ask("POST", "/api/v1/cart/")
                .json(&json!({"product_id": product, "quantity": quantity})),
            Wish::ClearCart => me.ask("DELETE", "/api/v1/cart/"),
            Wish::CheckOut { .. } => me.ask_checkout(),
            Wish::OrderDirectly { lines, .. } => {
                let item =
                    |(product, quantity)| json!({"product_id": product, "quantity": quantity});
                let items: Vec<_> = lines.iter().map(item).collect();
                me.ask("POST", "/api/v1/orders/")
                    .json(&json!({"shipping_address": "1 New St", "items": items}))
            }
            Wish::Delete { order } => me.ask("DELETE", &format!("/api/v1/orders/{order}/")),
            Wish::Remove { order } => boss.ask("DELETE", &format!("/api/v1/orders/{order}/")),
            Wish::Cancel { order } => boss
                .ask("PATCH", &format!("/api/v1/orders/{order}/"))
                .json(&json!({"status": "cancelled"})),
            Wish::CreatePayment { order } => {
                me.ask("POST", &format!("/api/v1/orders/{order}/create-payment/"))
            }
            Wish::Pay { order } => {
                let body = json!({"payment_method": "pm_card_visa"});
                me.ask("POST", &format!("/api/v1/orders/{order}/confirm-payment/")).json(&body)
            }
        };
        match wish.key() {
            Some(key) => ask.header("Idempotency-Key", key),
            None => ask,
        }
    }

    /// A success changes the expected world; a refusal must have a good reason and changes nothing.
    fn remember(&mut self, wish: &Wish, answer: &Answer) {
        match (answer.status, wish) {
            (200 | 201, wish) => {
                self.acknowledged += 1;
                let order = wish.makes_an_order().then(|| id_of(&answer.json()));
                self.world = self.world.after(wish, order);
                if let Some(order) = order {
                    let (_, printed) = Order::read(&answer.json());
                    assert_eq!(printed.lines, self.world.orders[&order].lines, "{answer}");
                }
                if let Wish::Register { email } = wish {
                    self.friends.push(email.clone());
                }
            }
            // The shop was overloaded: it did nothing and sent a `Retry-After`.
            (503, _) => assert!(!answer.header("Retry-After").is_empty(), "{answer}"),
            (400, Wish::PutInCart { .. } | Wish::CheckOut { .. } | Wish::OrderDirectly { .. }) => {
                assert!(answer.text.contains("Insufficient stock"), "{answer}");
            }
            (400, Wish::Pay { .. }) => {
                assert!(answer.text.contains("Payment intent not found"), "{answer}")
            }
            _ => panic!("nobody expects {wish:?} to be answered so: {answer}"),
        }
    }
}
