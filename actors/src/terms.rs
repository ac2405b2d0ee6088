//! The terms that give the numbers in a store their meaning. The store records them when it is
//! first opened, and rejects all other terms afterwards: amounts are not converted.

use crate::Failure;
use crate::store::{Read, Row, Store, StoreError, Table, Text, tables};
use crate::stored;
use souk_domain::Currency;
use std::fmt;

const TERMS: Table<u64, Terms> = Table::new("shop.terms");
const ONLY: u64 = 0;

tables![TERMS];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    /// ISO 4217 code of the currency of every amount.
    currency: String,
    /// Digits after the point of every amount.
    decimals: u8,
}

stored! {
    /// What the store remembers.
    struct TermsV1<'a> of Terms {
        currency: Text<'a>,
        decimals: u8,
    }
}

impl Row for Terms {
    type Stored<'a> = TermsV1<'a>;
}

impl Terms {
    fn of(currency: Currency) -> Self {
        Self { currency: currency.code().to_owned(), decimals: currency.decimals() }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} decimals", self.currency, self.decimals)
    }
}

/// The settings contradict the terms of the store.
#[derive(Debug)]
pub struct TermsDiffer {
    kept: Terms,
    configured: Terms,
}

impl fmt::Display for TermsDiffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, configured } = self;
        write!(
            f,
            "its amounts are in {kept}, and the setting currency (SOUK_CURRENCY) says {configured}; \
             amounts are never converted: set currency to {}",
            kept.currency
        )
    }
}

/// Compares the settings with the terms of the store. Accepts a store without terms: one that was
/// created before stores recorded them.
pub(crate) fn compare(
    read: &impl Read,
    currency: Currency,
) -> Result<Result<(), TermsDiffer>, StoreError> {
    let configured = Terms::of(currency);
    Ok(match read.get(TERMS, &ONLY)? {
        Some(kept) if kept != configured => Err(TermsDiffer { kept, configured }),
        _ => Ok(()),
    })
}

/// Records the settings as the store's terms, if it has none yet. Another process that starts at the
/// same time may record its own first; they are compared with these.
pub(crate) async fn record(
    store: &Store,
    currency: Currency,
) -> Result<Result<(), TermsDiffer>, Failure> {
    if store.snapshot().get(TERMS, &ONLY)?.is_some() {
        return Ok(Ok(()));
    }
    let write = move |unit: crate::store::Unit| async move {
        if unit.get(TERMS, &ONLY)?.is_none() {
            unit.put(TERMS, &ONLY, &Terms::of(currency))?;
        }
        Ok(compare(&unit, currency)?)
    };
    store.transact(write).await
}

#[cfg(test)]
pub(crate) fn examples() -> Vec<crate::fixtures::Example> {
    let terms = Terms { currency: "EUR".to_owned(), decimals: 2 };
    vec![crate::fixtures::Example::of(TERMS, "a shop in euro", &ONLY, &terms)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::OrderNotices;
    use crate::store::{OpenError, Opening, StoreLimits};
    use crate::{OpenShopError, Shop, ShopSettings, open_store};
    use std::path::Path;
    use std::time::Duration;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).expect("a currency")
    }

    fn settings(code: &str) -> ShopSettings {
        ShopSettings {
            currency: currency(code),
            order_time_to_live: Duration::from_secs(60),
            low_stock_threshold: 5,
            order_notices: OrderNotices::Each,
            order_digest_every: Duration::from_secs(3_600),
            guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
            store: StoreLimits::default(),
        }
    }

    fn opened(directory: &Path, opening: Opening, code: &str) -> Result<Store, OpenShopError> {
        open_store(directory, opening, currency(code), StoreLimits::default())
    }

    async fn make(directory: &Path, code: &str) {
        let shop = Shop::open_or_make(directory, settings(code)).await.expect("a shop");
        shop.close().await;
    }

    #[tokio::test]
    async fn a_shop_is_never_opened_in_another_currency() {
        let directory = tempfile::tempdir().expect("a directory");
        make(directory.path(), "EUR").await;
        for other in ["USD", "GBP", "JPY"] {
            for opening in [Opening::Existing, Opening::Proven, Opening::OrMake] {
                let shown =
                    opened(directory.path(), opening, other).err().expect(other).to_string();
                for part in ["EUR", other, "SOUK_CURRENCY", &directory.path().to_string_lossy()] {
                    assert!(shown.contains(part), "{part}: {shown}");
                }
            }
            assert!(Shop::open(directory.path(), settings(other)).await.is_err());
            assert!(Shop::open_or_make(directory.path(), settings(other)).await.is_err());
        }
        make(directory.path(), "EUR").await;
    }

    /// As created by a version that did not record the currency.
    #[tokio::test]
    async fn a_store_without_terms_accepts_the_terms_of_the_next_start() {
        let directory = tempfile::tempdir().expect("a directory");
        drop(opened(directory.path(), Opening::OrMake, "USD").expect("a store"));
        for code in ["USD", "JPY"] {
            drop(opened(directory.path(), Opening::Proven, code).expect("only read"));
        }
        make(directory.path(), "JPY").await;
        assert!(opened(directory.path(), Opening::Proven, "USD").is_err());
        drop(opened(directory.path(), Opening::Proven, "JPY").expect("what it remembers"));
    }

    #[tokio::test]
    async fn a_shop_is_made_by_its_first_start_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let nowhere = directory.path().join("nowhere");
        let refused = Shop::open(&nowhere, settings("USD")).await.err();
        let is_missing = matches!(refused, Some(OpenShopError::Store(OpenError::Missing { .. })));
        assert!(is_missing && !nowhere.exists());
    }
}
