//! Sums of amounts, limited to 64 bits.

use souk_domain::Money;

pub(super) fn plus(amount: Money, more: Money) -> Money {
    Money::from_minor_units(amount.minor_units().saturating_add(more.minor_units()))
}

pub(super) fn minus(amount: Money, less: Money) -> Money {
    Money::from_minor_units(amount.minor_units().saturating_sub(less.minor_units()))
}
