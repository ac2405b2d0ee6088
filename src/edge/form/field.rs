//! A field that was read, and the structs made of them.

/// The value of a field. It has none if something is wrong with it, which the form has noted.
#[derive(Clone, Debug)]
#[must_use = "a field becomes a value in Form::finish"]
pub(crate) struct Field<T>(pub(super) Option<T>);

impl<T> Field<T> {
    /// The value, if nothing is wrong with it: for rules that look at more than this field.
    pub(crate) fn parsed(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The same as a field that may be absent elsewhere.
    pub(crate) fn some(self) -> Field<Option<T>> {
        Field(self.0.map(Some))
    }
}

/// How much is known of the fields of a form's struct: [`Unchecked`] or [`Checked`].
pub(crate) trait State {
    /// What the struct holds of a field whose value is a `T`.
    type Of<T>;
}

/// Every field has its value.
#[derive(Debug)]
pub(crate) enum Checked {}

impl State for Checked {
    type Of<T> = T;
}

/// Fields were read, and any of them may be wrong.
#[derive(Debug)]
pub(crate) enum Unchecked {}

impl State for Unchecked {
    type Of<T> = Field<T>;
}

/// What becomes values in [`Form::finish`](super::Form::finish): one field, or the struct of them.
pub(crate) trait Fields {
    /// The values.
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

/// A struct that a request's form is read into, with the function that reads it. See the
/// [module](super) for an example.
macro_rules! form {
    (
        $(#[$about:meta])*
        $visibility:vis struct $name:ident $(($($argument:ident: $argument_type:ty),+ $(,)?))? {
            $(
                $(#[$about_field:meta])*
                $field:ident: $type:ty = $presence:ident($($rule:tt)*)
            ),+ $(,)?
        }
        $(check |$form:ident, $fields:pat_param| $check:block)?
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        $visibility struct $name<S: $crate::edge::form::State = $crate::edge::form::Checked> {
            $($(#[$about_field])* $visibility $field: S::Of<$type>,)+
        }

        impl $name<$crate::edge::form::Unchecked> {
            /// Reads the fields in their order, and notes in the form what is wrong with them.
            $visibility fn read(
                form: &mut $crate::edge::Form<'_>
                $($(, $argument: $argument_type)+)?
            ) -> Self {
                let fields = Self {
                    $($field: $crate::edge::form::form!(@field form $field $presence($($rule)*)),)+
                };
                $({
                    let ($form, $fields) = (&mut *form, &fields);
                    $check
                })?
                fields
            }
        }

        impl $crate::edge::form::Fields for $name<$crate::edge::form::Unchecked> {
            type Values = $name;

            fn values(self) -> Option<$name> {
                Some($name { $($field: $crate::edge::form::Fields::values(self.$field)?,)+ })
            }
        }
    };
    (@field $form:ident $field:ident flattened($read:expr)) => {
        $form.flattened($read)
    };
    (@field $form:ident $field:ident $presence:ident($name:literal, $($rule:tt)*)) => {
        $form.$presence($name, $($rule)*)
    };
    (@field $form:ident $field:ident $presence:ident($($rule:tt)*)) => {
        $form.$presence(stringify!($field), $($rule)*)
    };
}

pub(crate) use form;
