//! `souk admin create`: the first administrator, while the shop is closed.

use super::CommandError;
use crate::settings::Settings;
use clap::Subcommand;
use souk_actors::users::Register;
use souk_actors::{Failure, Shop};
use souk_domain::{EmailAddress, Password, PasswordError, Refusal, Role, TextErrors, Username};
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Make an administrator; the password is read from standard input.
    Create {
        /// User name.
        #[arg(long)]
        username: String,
        /// E-mail address.
        #[arg(long)]
        email: String,
    },
}

/// Why there is no new administrator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("username: {0}")]
    Username(TextErrors),
    #[error("email: {0}")]
    Email(TextErrors),
    #[error("password: {0}")]
    Password(PasswordError),
    #[error("password: cannot be read from standard input")]
    Input(#[source] std::io::Error),
    #[error("email: another user has this address")]
    EmailTaken,
    #[error("username: another user has this name")]
    UsernameTaken,
    #[error("username: a name in the form of an e-mail address must be the --email itself")]
    UsernameIsAnAddress,
    #[error("the administrator could not be stored")]
    Shop(#[source] Failure),
}

/// Longest line of input that is read for a password.
const LINE_BYTES_MAX: u64 = 4096;

pub(super) async fn run(admin: Admin, settings: &Settings) -> Result<ExitCode, CommandError> {
    let Admin::Create { username, email } = admin;
    let username = Username::parse(&username).map_err(AdminError::Username)?;
    let email = EmailAddress::parse(&email).map_err(AdminError::Email)?;
    let password = read_password()?;
    let shop = Shop::open_or_make(&settings.data, settings.shop()).await?;
    let result = create(&shop, username, email, password).await;
    shop.close().await;
    let created = result.map_err(|failure| match failure {
        Failure::Refused(Refusal::EmailTaken) => AdminError::EmailTaken,
        Failure::Refused(Refusal::UsernameTaken) => AdminError::UsernameTaken,
        Failure::Refused(Refusal::UsernameIsAnAddress) => AdminError::UsernameIsAnAddress,
        failure => AdminError::Shop(failure),
    })?;
    println!("administrator {created} was created");
    Ok(ExitCode::SUCCESS)
}

/// Makes an administrator; answers the user name.
pub(crate) async fn create(
    shop: &Shop,
    username: Username,
    email: EmailAddress,
    password: Password,
) -> Result<Username, Failure> {
    let command = Register {
        username: username.clone(),
        email,
        password: shop.hasher.hash(password).await?,
        role: Role::Administrator,
        first_name: String::new(),
        last_name: String::new(),
    };
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let (owners, command) = (Arc::clone(&owners), command.clone());
            async move {
                souk_actors::journeys::accounts::add_person(&owners, &unit, command, None).await
            }
        })
        .await?;
    Ok(username)
}

fn read_password() -> Result<Password, AdminError> {
    let mut line = String::new();
    let input = std::io::stdin().lock();
    std::io::Read::take(input, LINE_BYTES_MAX).read_line(&mut line).map_err(AdminError::Input)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    Password::choose(password).map_err(AdminError::Password)
}
