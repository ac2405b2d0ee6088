//! The mail about low stock.

use crate::catalog::Product;
use crate::catalog::product::StockRow;
use crate::outbox::{self, Cause, MailContent, Outgoing};
use crate::store::Unit;
use crate::{Failure, users};
use souk_domain::{ProductId, Stock};

/// Most administrators that get a mail when stock is low.
const ADMINISTRATORS_MAILED_MAX: usize = 20;

/// Mails the administrators if the stock falls from above the threshold to the threshold or below.
pub(super) fn mail_if_low(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    before: StockRow,
    stock: Stock,
    threshold: u64,
) -> Result<(), Failure> {
    if before.stock.sellable <= threshold || stock.sellable > threshold {
        return Ok(());
    }
    for (administrator, user) in users::administrators(unit, ADMINISTRATORS_MAILED_MAX)? {
        // The version of the first event about this change, so that the next crossing has another
        // cause.
        let cause = Cause::LowStock(id, before.version + 1, administrator);
        let content =
            MailContent::LowStock { product_name: product.name.clone(), sellable: stock.sellable };
        outbox::append(unit, Outgoing::Mail { cause, to: user.email.to_string(), content })?;
    }
    Ok(())
}
