//! `souk admin`: creates, lists and helps administrators, whether the shop is open or closed.

use super::prompt::{self, PromptError};
use super::{CommandError, print_json, print_text};
use crate::administrators::{self, AdministratorError, AdministratorName, Listed};
use crate::control::{self, AskError, ControlRequest, HiddenPassword};
use crate::settings::Settings;
use clap::{Args, Subcommand};
use souk_actors::store::{OpenError, StoreError};
use souk_actors::{OpenShopError, Shop};
use souk_domain::{EmailAddress, TextErrors, Username};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Make an administrator; the password is asked for, or read from standard input.
    Create {
        /// User name.
        #[arg(long)]
        username: String,
        /// E-mail address.
        #[arg(long)]
        email: String,
    },
    /// Show every administrator.
    List {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Give an administrator a new password and end their sessions; the password is asked for, or
    /// read from standard input.
    ResetPassword(AdministratorArgs),
}

/// One administrator.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct AdministratorArgs {
    /// User name or e-mail address.
    #[arg(value_name = "WHO")]
    who: Option<String>,
    /// User name.
    #[arg(long)]
    username: Option<String>,
    /// E-mail address.
    #[arg(long)]
    email: Option<String>,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("username: {0}")]
    Username(TextErrors),
    #[error("email: {0}")]
    Email(TextErrors),
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error(transparent)]
    Administrator(#[from] AdministratorError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Shop(#[from] OpenShopError),
    #[error("the administrators cannot be read")]
    Read(#[from] StoreError),
    #[error("the shop's answer cannot be read")]
    Answer(#[from] serde_json::Error),
}

pub(super) async fn run(admin: Admin, settings: &Settings) -> Result<ExitCode, CommandError> {
    match admin {
        Admin::Create { username, email } => create(username, email, settings).await?,
        Admin::List { json } => show(&list(settings).await?, json)?,
        Admin::ResetPassword(administrator) => reset_password(administrator, settings).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(username: String, email: String, settings: &Settings) -> Result<(), AdminError> {
    let username = Username::parse(&username).map_err(AdminError::Username)?;
    let email = EmailAddress::parse(&email).map_err(AdminError::Email)?;
    let password = prompt::new_password(username.as_str()).await?;
    let Some(shop) = if_closed(Shop::open_or_make(settings.place(), settings.shop()).await)? else {
        let request = ControlRequest::CreateAdministrator {
            username: username.to_string(),
            email: email.to_string(),
            password: HiddenPassword::of(&password),
        };
        println!("{}", control::ask(&settings.data, &request, |_| Ok(()))?);
        return Ok(());
    };
    let created = administrators::create(&shop, username, email, password).await;
    shop.close().await;
    println!("{}", administrators::created(&created?));
    Ok(())
}

async fn reset_password(
    administrator: AdministratorArgs,
    settings: &Settings,
) -> Result<(), AdminError> {
    // Fails before the password prompt if the store cannot be used.
    if_closed(super::open_store(settings))?;
    let who = match administrator {
        AdministratorArgs { username: Some(name), .. } => by_name(&name)?,
        AdministratorArgs { email: Some(email), .. } => by_email(&email)?,
        AdministratorArgs { who, .. } => {
            let who = who.unwrap_or_default();
            if who.contains('@') { by_email(&who)? } else { by_name(&who)? }
        }
    };
    let password = prompt::new_password(&who.to_string()).await?;
    let Some(shop) = if_closed(Shop::open(settings.place(), settings.shop()).await)? else {
        let (who, password) = (who.to_string(), HiddenPassword::of(&password));
        let request = ControlRequest::ResetPassword { who, password };
        println!("{}", control::ask(&settings.data, &request, |_| Ok(()))?);
        return Ok(());
    };
    let changed = administrators::reset_password(&shop, &who, password).await;
    shop.close().await;
    println!("{}", administrators::changed(&changed?));
    Ok(())
}

fn by_name(name: &str) -> Result<AdministratorName, AdminError> {
    Username::parse(name).map(AdministratorName::Username).map_err(AdminError::Username)
}

fn by_email(email: &str) -> Result<AdministratorName, AdminError> {
    EmailAddress::parse(email).map(AdministratorName::Email).map_err(AdminError::Email)
}

/// The opened store; `None` if another process has it open.
fn if_closed<T>(opened: Result<T, OpenShopError>) -> Result<Option<T>, AdminError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(OpenShopError::Store(OpenError::InUse { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn list(settings: &Settings) -> Result<Vec<Listed>, AdminError> {
    if let Some(store) = if_closed(super::open_store(settings))? {
        return Ok(administrators::list(&*store.snapshot())?);
    }
    let mut rows = Vec::new();
    let mut take = |row: &str| {
        rows.push(row.to_owned());
        Ok(())
    };
    control::ask(&settings.data, &ControlRequest::Administrators, &mut take)?;
    Ok(rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?)
}

fn show(found: &[Listed], as_json: bool) -> Result<(), CommandError> {
    if as_json {
        return print_json(&found);
    }
    if found.is_empty() {
        eprintln!("there is no administrator yet; make one: souk admin create");
        return Ok(());
    }
    let width = |of: fn(&Listed) -> &str, head: &str| {
        let widths = found.iter().map(|listed| of(listed).chars().count());
        widths.chain([head.len()]).max().unwrap_or_default()
    };
    let (name, email) = (width(|it| &it.username, "USERNAME"), width(|it| &it.email, "EMAIL"));
    let mut table = format!("{:>6}  {:name$}  {:email$}  SINCE", "ID", "USERNAME", "EMAIL");
    for Listed { id, username, email: address, joined_at } in found {
        table.push_str(&format!("\n{id:>6}  {username:name$}  {address:email$}  {joined_at}"));
    }
    print_text(&table)
}
