//! `serve --demo`: fills an empty shop with a catalogue, an administrator and a customer, and prints
//! commands that buy something.

mod catalogue;
mod filling;
mod passwords;

pub(crate) use passwords::PASSWORDS_FILE;

use crate::administrators::{self, AdministratorError};
use passwords::Passwords;
use souk_actors::journeys::accounts;
use souk_actors::leases::{Lease, LeasedWork};
use souk_actors::users::{self, Register};
use souk_actors::{Failure, Shop};
use souk_domain::{EmailAddress, Password, Role, Username};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

const ADMINISTRATOR: &str = "admin@demo.example";
const CUSTOMER: &str = "customer@demo.example";
/// The product that the printed commands buy, as does the README. It has ample stock.
const WALK_PRODUCT: &str = "Stoneware Mug";

/// What to print about the demonstration.
pub(crate) enum Guide {
    /// The shop is new; its passwords are printed this once, and stored in this file.
    New { passwords: Passwords, file: PathBuf },
    /// The shop was set up before; its passwords are in this file, if it still exists.
    Known { file: PathBuf },
}

/// Why the demonstration could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(transparent)]
    Shop(#[from] Failure),
    #[error("cannot keep its passwords in {}", .path.display())]
    Passwords { path: PathBuf, source: io::Error },
}

/// Fills the shop, unless it was filled before. Stores the passwords in a file in `data`, which a
/// shell can read. If another process fills the same shop, waits until it has.
///
/// # Errors
/// [`DemoError`].
pub(crate) async fn set_up(shop: &Shop, data: &Path) -> Result<Guide, DemoError> {
    let (_running, stop) = watch::channel(false);
    let session = |lease: Lease| {
        let shop = shop.under(&lease);
        async move { fill_once(&shop, data).await }
    };
    let set_up = shop.leases.run_while_held(LeasedWork::Demo, stop, session).await;
    set_up.expect("nothing stops it before it has begun")
}

async fn fill_once(shop: &Shop, data: &Path) -> Result<Guide, DemoError> {
    let file = data.join(PASSWORDS_FILE);
    let administrator = address(ADMINISTRATOR);
    if users::by_email(&*shop.store.snapshot(), &administrator).map_err(Failure::from)?.is_some() {
        return Ok(Guide::Known { file });
    }
    filling::fill(shop).await?;
    // Stored first, so that a start after an interrupted one uses the same passwords.
    let passwords = Passwords::read_or_make(&file)
        .map_err(|source| DemoError::Passwords { path: file.clone(), source })?;
    add_customer(shop, &passwords.customer).await?;
    let name = Username::of_email(&administrator);
    let password = password(&passwords.administrator);
    // Created last: if the administrator exists, everything else does.
    match administrators::create(shop, name, administrator, password).await {
        Ok(_) => {}
        Err(AdministratorError::Shop(failure)) => return Err(failure.into()),
        Err(_) => return Err(Failure::Refused(souk_domain::Refusal::EmailTaken).into()),
    }
    Ok(Guide::New { passwords, file })
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("the demonstration's addresses are addresses")
}

fn password(text: &str) -> Password {
    Password::choose(text.to_owned()).expect("16 hexadecimal digits make a password")
}

async fn add_customer(shop: &Shop, password_text: &str) -> Result<(), Failure> {
    let email = address(CUSTOMER);
    if users::by_email(&*shop.store.snapshot(), &email)?.is_some() {
        return Ok(());
    }
    let command = Register {
        username: Username::of_email(&email),
        email,
        password: shop.hasher.hash(password(password_text)).await?,
        role: Role::Customer,
        first_name: "Dana".to_owned(),
        last_name: "Demo".to_owned(),
    };
    shop.turn(move |turn| async move { accounts::add_person(&turn, command, None).await.map(drop) })
        .await
}

impl Guide {
    /// The text to print, for a shop that listens on `address`.
    pub(crate) fn text(&self, address: SocketAddr) -> String {
        match self {
            Self::Known { file } => {
                let passwords = match file.exists() {
                    true => format!("are in {}", file.display()),
                    false => "were printed when it was made".to_owned(),
                };
                format!(
                    "The demonstration shop is already set up; its passwords {passwords}. Start \
                     with another --data directory for a new one."
                )
            }
            Self::New { passwords: Passwords { administrator, customer }, file } => {
                let (file, walk) = (file.display(), walk(address, customer));
                format!(
                    "\nThe demonstration shop is ready. These credentials are shown once, and kept \
                     in {file}:\n\n  \
                     administrator: {ADMINISTRATOR}\n  password: {administrator}\n\n  \
                     customer: {CUSTOMER}\n  password: {customer}\n\n\
                     Paste this into another terminal to buy something:\n\n{walk}"
                )
            }
        }
    }
}

fn walk(address: SocketAddr, password: &str) -> String {
    let api = format!("http://{address}/api/v1");
    let json = "-H 'Content-Type: application/json'";
    let auth = "-H \"Authorization: Bearer $TOKEN\"";
    let product = WALK_PRODUCT.replace(' ', "%20");
    format!(
        r#"TOKEN=$(curl -s {api}/auth/login/ {json} -d '{{"email": "{CUSTOMER}", "password": "{password}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
PRODUCT=$(curl -s "{api}/products/?search={product}" {auth} | sed 's/.*"results":\[{{"id":\([0-9]*\),.*/\1/')
curl -s {api}/cart/ {auth} {json} -d "{{\"product_id\": $PRODUCT, \"quantity\": 2}}"; echo
ORDER=$(curl -s {api}/cart/checkout/ {auth} {json} -d '{{"shipping_address": "1 Market Square"}}' | sed 's/^{{"id":\([0-9]*\),.*/\1/')
curl -s -X POST {api}/orders/$ORDER/create-payment/ {auth}; echo
curl -s {api}/orders/$ORDER/confirm-payment/ {auth} {json} -d '{{"payment_method": "pm_card_visa"}}'; echo
"#
    )
}
