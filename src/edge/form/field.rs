//! Fields that were read, and the structs that contain them.

/// The value of a field. Without a value, the form has an error for this field.
#[derive(Clone, Debug)]
#[must_use = "a field becomes a value in Form::finish"]
pub(crate) struct Field<T>(pub(super) Option<T>);

impl<T> Field<T> {
    /// The value, if it is valid. For rules that check several fields.
    pub(crate) fn parsed(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Turns a required field into one that may be absent.
    pub(crate) fn some(self) -> Field<Option<T>> {
        Field(self.0.map(Some))
    }
}

/// Whether the fields of a form's struct are checked: [`Unchecked`] or [`Checked`].
pub(crate) trait State {
    /// The type of a field whose value is a `T`.
    type Of<T>;
}

/// Every field has its value.
#[derive(Debug)]
pub(crate) enum Checked {}

impl State for Checked {
    type Of<T> = T;
}

/// The fields were read, but any of them may be invalid.
#[derive(Debug)]
pub(crate) enum Unchecked {}

impl State for Unchecked {
    type Of<T> = Field<T>;
}

/// Something that [`Form::finish`](super::Form::finish) turns into values: one field, or a struct
/// of fields.
pub(crate) trait Fields {
    /// The type with the values.
    type Values;

    /// All values; `None` if any field has none.
    fn values(self) -> Option<Self::Values>;
}

impl<T> Fields for Field<T> {
    type Values = T;

    fn values(self) -> Option<T> {
        self.0
    }
}

/// Declares a struct that a request's form is read into, with the function that reads it. See the
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
            /// Reads the fields in order, and adds their errors to the form.
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
