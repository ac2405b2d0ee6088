//! The members of a JSON object, found by name.

use super::json::Json;
use crate::edge::limits;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of an object in order. If a name occurs twice, the last value counts.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The value with this name.
    pub(super) fn get(&self, name: &str) -> Option<Json<'a>> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| Json::of(raw))
    }

    /// Each name once, at its first position, with its last value. This is the order of a Python
    /// dict.
    pub(super) fn as_dict(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        let is_first = |(index, (key, _)): &(usize, &(String, _))| {
            !self.0[..*index].iter().any(|(before, _)| before == key)
        };
        let firsts = self.0.iter().enumerate().filter(is_first);
        firsts.filter_map(|(_, (key, _))| Some((key.as_str(), self.get(key)?)))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Decoded(name), value)) = map.next_entry()? {
                    if members.len() == limits::FORM_FIELDS_MAX {
                        return Err(A::Error::custom("too many fields"));
                    }
                    members.push((String::from_utf8_lossy(&name).into_owned(), value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A JSON string as octets. Half a surrogate pair is kept as three octets, which are not valid
/// UTF-8.
pub(super) struct Decoded(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Decoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets;

        impl Visitor<'_> for Octets {
            type Value = Decoded;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, octets: &[u8]) -> Result<Decoded, E> {
                Ok(Decoded(octets.to_vec()))
            }
        }

        deserializer.deserialize_bytes(Octets)
    }
}
