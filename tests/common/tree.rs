//! Values as trees that keep what a map would lose: the order of keys, repeated keys, and the text
//! of numbers. Read by serde_json, so that every snapshot passes a parser of somebody else.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A number, `true`, `false` or `null`, as written.
    Scalar(String),
    /// What the string stands for.
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The value of a JSON text; an error if serde_json refuses it.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
        match trimmed.as_bytes().first() {
            Some(b'{') => {
                let Pairs(pairs) = serde_json::from_str(trimmed)?;
                let members = pairs
                    .into_iter()
                    .map(|(key, value)| Ok((key, Self::parse(value.get())?)));
                Ok(Self::Object(
                    members.collect::<Result<_, serde_json::Error>>()?,
                ))
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(trimmed)?;
                let items = items.iter().map(|item| Self::parse(item.get()));
                Ok(Self::Array(
                    items.collect::<Result<_, serde_json::Error>>()?,
                ))
            }
            Some(b'"') => Ok(Self::Text(serde_json::from_str(trimmed)?)),
            _ => {
                let raw: Box<RawValue> = serde_json::from_str(trimmed)?;
                Ok(Self::Scalar(raw.get().to_owned()))
            }
        }
    }

    /// Is this what `before` may become? Strings grow at the end, arrays at the end, objects by
    /// new members; everything else stays.
    pub(crate) fn extends(&self, before: &Self) -> bool {
        match (before, self) {
            (Self::Scalar(old), Self::Scalar(new)) => old == new,
            (Self::Text(old), Self::Text(new)) => new.starts_with(old.as_str()),
            (Self::Array(old), Self::Array(new)) => {
                old.len() <= new.len()
                    && old
                        .iter()
                        .zip(new)
                        .enumerate()
                        .all(|(at, (old_item, item))| {
                            // Only the last one can still be growing.
                            item == old_item || (at + 1 == old.len() && item.extends(old_item))
                        })
            }
            (Self::Object(old), Self::Object(new)) => {
                old.len() <= new.len()
                    && old
                        .iter()
                        .zip(new)
                        .enumerate()
                        .all(|(at, (old_item, item))| {
                            old_item.0 == item.0
                                && (old_item.1 == item.1
                                    || (at + 1 == old.len() && item.1.extends(&old_item.1)))
                        })
            }
            _ => false,
        }
    }
}

/// The members of an object in their order, repeated keys included.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
