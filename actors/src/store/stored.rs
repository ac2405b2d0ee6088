//! The types of rows in the file, separate from the types of the program.
//!
//! An owner's `stored.rs` lists its tables and the types of its rows. `OrderV1` is an order in
//! version 1 of its rows; it never changes once a version of the shop has written it. To add a
//! field to `Order`, add `OrderV2`, raise [`super::Row::VERSION`], and convert `OrderV1` in
//! [`super::Row::read`]. The compiler reports missing fields, because both directions name every
//! field.

use serde::de::DeserializeOwned;
use souk_domain::{
    CartId, CartLineId, CategoryId, Country, Discount, EmailAddress, Money, OrderId, OrderLineId,
    PaymentId, ProductId, Quantity, SessionId, UnixMillis, UserId, Username,
};
use std::borrow::Cow;

/// A text in a row: borrowed when it is written.
pub type Text<'a> = Cow<'a, str>;
/// Bytes in a row: borrowed when they are written.
pub type Octets<'a> = Cow<'a, [u8]>;

/// Reads a value that uses all of these bytes. Rejects leftover bytes, because the next write would
/// silently lose them.
pub fn read_all<S: DeserializeOwned>(octets: &[u8]) -> Option<S> {
    let (stored, rest) = postcard::take_from_bytes(octets).ok()?;
    rest.is_empty().then_some(stored)
}

/// A type of the file that represents a `T` of the program.
pub trait Stored<'a, T>: Sized {
    /// Converts a value for writing.
    fn of(value: &'a T) -> Self;
    /// Converts back after reading; `None` if the value is invalid.
    fn value(self) -> Option<T>;
}

/// Defines a type of the file with the same fields or variants as one of the program, in the order
/// of the file.
///
/// ```ignore
/// stored! {
///     struct LineV1<'a> of Line { name: Text<'a>, price: i64 }
/// }
/// ```
#[macro_export]
macro_rules! stored {
    ($($(#[$about:meta])* $see:vis struct $name:ident $(<$life:lifetime>)? of $value:ident {
        $($(#[$about_field:meta])* $field:ident: $type:ty),* $(,)?
    })+) => {$(
        $(#[$about])*
        #[derive(serde::Serialize, serde::Deserialize)]
        $see struct $name $(<$life>)? {
            $($(#[$about_field])* $field: $type),*
        }

        impl<'v $(, $life)?> $crate::store::Stored<'v, $value> for $name $(<$life>)?
        $(where 'v: $life)?
        {
            fn of(value: &'v $value) -> Self {
                let $value { $($field),* } = value;
                Self { $($field: $crate::store::Stored::of($field)),* }
            }

            fn value(self) -> Option<$value> {
                let Self { $($field),* } = self;
                Some($value { $($field: $crate::store::Stored::value($field)?),* })
            }
        }
    )+};
    ($($(#[$about:meta])* $see:vis enum $name:ident $(<$life:lifetime>)? of $value:ident {
        $(
            $variant:ident
            $({ $($field:ident: $type:ty),* $(,)? })?
            $(( $($part:ident: $part_type:ty),* ))?
        ),* $(,)?
    })+) => {$(
        $(#[$about])*
        #[derive(serde::Serialize, serde::Deserialize)]
        $see enum $name $(<$life>)? {
            $($variant $({ $($field: $type),* })? $(( $($part_type),* ))?),*
        }

        impl<'v $(, $life)?> $crate::store::Stored<'v, $value> for $name $(<$life>)?
        $(where 'v: $life)?
        {
            fn of(value: &'v $value) -> Self {
                match value {
                    $($value::$variant $({ $($field),* })? $(( $($part),* ))? => {
                        Self::$variant
                        $({ $($field: $crate::store::Stored::of($field)),* })?
                        $(( $($crate::store::Stored::of($part)),* ))?
                    })*
                }
            }

            fn value(self) -> Option<$value> {
                Some(match self {
                    $(Self::$variant $({ $($field),* })? $(( $($part),* ))? => {
                        $value::$variant
                        $({ $($field: $crate::store::Stored::value($field)?),* })?
                        $(( $($crate::store::Stored::value($part)?),* ))?
                    })*
                })
            }
        }
    )+};
}

/// Types that are stored unchanged.
macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Stored<'_, Self> for $type {
            fn of(value: &Self) -> Self {
                *value
            }

            fn value(self) -> Option<Self> {
                Some(self)
            }
        }
    )*};
}

plain!((), bool, u8, u16, u32, u64, i64, [u8; 32]);

/// Types that are stored as their number.
macro_rules! numbers {
    ($($type:ty: $number:ty, $get:expr, $new:expr;)*) => {$(
        impl Stored<'_, $type> for $number {
            fn of(value: &$type) -> Self {
                $get(*value)
            }

            fn value(self) -> Option<$type> {
                $new(self)
            }
        }
    )*};
}

numbers! {
    CartId: u64, CartId::get, CartId::new;
    CartLineId: u64, CartLineId::get, CartLineId::new;
    CategoryId: u64, CategoryId::get, CategoryId::new;
    OrderId: u64, OrderId::get, OrderId::new;
    OrderLineId: u64, OrderLineId::get, OrderLineId::new;
    PaymentId: u64, PaymentId::get, PaymentId::new;
    ProductId: u64, ProductId::get, ProductId::new;
    SessionId: u64, SessionId::get, SessionId::new;
    UserId: u64, UserId::get, UserId::new;
    Discount: u16, Discount::basis_points, Discount::from_basis_points;
    Money: i64, Money::minor_units, |number| Some(Money::from_minor_units(number));
    Quantity: u32, Quantity::get, Quantity::new;
    UnixMillis: i64, UnixMillis::get, |number| Some(UnixMillis::new(number));
}

impl<'a> Stored<'a, String> for Text<'a> {
    fn of(value: &'a String) -> Self {
        Cow::Borrowed(value)
    }

    fn value(self) -> Option<String> {
        Some(self.into_owned())
    }
}

impl<'a> Stored<'a, Vec<u8>> for Octets<'a> {
    fn of(value: &'a Vec<u8>) -> Self {
        Cow::Borrowed(value)
    }

    fn value(self) -> Option<Vec<u8>> {
        Some(self.into_owned())
    }
}

impl<'a> Stored<'a, EmailAddress> for Text<'a> {
    fn of(value: &'a EmailAddress) -> Self {
        Cow::Borrowed(value.as_str())
    }

    fn value(self) -> Option<EmailAddress> {
        Some(EmailAddress::taken_before(self.into_owned()))
    }
}

impl<'a> Stored<'a, Country> for Text<'a> {
    fn of(value: &'a Country) -> Self {
        Cow::Borrowed(value.code())
    }

    fn value(self) -> Option<Country> {
        Country::parse(&self)
    }
}

impl<'a> Stored<'a, Username> for Text<'a> {
    fn of(value: &'a Username) -> Self {
        Cow::Borrowed(value.as_str())
    }

    fn value(self) -> Option<Username> {
        Some(Username::taken_before(self.into_owned()))
    }
}

impl<'a, T, S: Stored<'a, T>> Stored<'a, Option<T>> for Option<S> {
    fn of(value: &'a Option<T>) -> Self {
        value.as_ref().map(S::of)
    }

    fn value(self) -> Option<Option<T>> {
        match self {
            Some(stored) => stored.value().map(Some),
            None => Some(None),
        }
    }
}

impl<'a, T, S: Stored<'a, T>> Stored<'a, Vec<T>> for Vec<S> {
    fn of(value: &'a Vec<T>) -> Self {
        value.iter().map(S::of).collect()
    }

    fn value(self) -> Option<Vec<T>> {
        self.into_iter().map(S::value).collect()
    }
}

impl<'a, T, S: Stored<'a, T>> Stored<'a, [T; 2]> for [S; 2] {
    fn of([first, second]: &'a [T; 2]) -> Self {
        [S::of(first), S::of(second)]
    }

    fn value(self) -> Option<[T; 2]> {
        let [first, second] = self;
        Some([first.value()?, second.value()?])
    }
}

impl<'a, T, S: Stored<'a, T>> Stored<'a, Box<T>> for Box<S> {
    fn of(value: &'a Box<T>) -> Self {
        Self::new(S::of(value))
    }

    fn value(self) -> Option<Box<T>> {
        (*self).value().map(Box::new)
    }
}

impl<'a, T, U, S: Stored<'a, T>, V: Stored<'a, U>> Stored<'a, (T, U)> for (S, V) {
    fn of((first, second): &'a (T, U)) -> Self {
        (S::of(first), V::of(second))
    }

    fn value(self) -> Option<(T, U)> {
        Some((self.0.value()?, self.1.value()?))
    }
}
