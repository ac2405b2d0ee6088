//! A field that was read, and tuples of them.

/// The value of a field, or the promise that the form knows what is wrong with it.
#[derive(Clone, Debug)]
#[must_use = "a field becomes a value in Form::finish"]
pub(crate) struct Field<T>(pub(super) Option<T>);

impl<T> Field<T> {
    /// The value, where nothing is wrong with it: for rules that look at two fields.
    pub(crate) fn seen(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Two fields as one: with a value where both have one.
    pub(crate) fn and<U>(self, other: Field<U>) -> Field<(T, U)> {
        Field(self.0.zip(other.0))
    }

    /// What is made of the value; `None` where the form knows what is wrong.
    pub(crate) fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Field<U> {
        Field(self.0.and_then(make))
    }
}

/// Fields that become values together.
pub(crate) trait Fields {
    /// The tuple of the values.
    type Values;

    /// All values; `None` if one field has none.
    fn values(self) -> Option<Self::Values>;
}

impl<T> Fields for Field<T> {
    type Values = T;

    fn values(self) -> Option<T> {
        self.0
    }
}

macro_rules! fields {
    ($($name:ident $number:tt),+) => {
        impl<$($name),+> Fields for ($(Field<$name>,)+) {
            type Values = ($($name,)+);

            fn values(self) -> Option<Self::Values> {
                Some(($(self.$number.0?,)+))
            }
        }
    };
}

fields!(A 0);
fields!(A 0, B 1);
fields!(A 0, B 1, C 2);
fields!(A 0, B 1, C 2, D 3);
fields!(A 0, B 1, C 2, D 3, E 4);
fields!(A 0, B 1, C 2, D 3, E 4, F 5);
fields!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
fields!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
fields!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
fields!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
