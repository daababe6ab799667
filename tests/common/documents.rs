//! Documents, well formed and not: strategies for proptest.

use proptest::collection::vec;
use proptest::prelude::*;

/// White space between tokens: mostly none.
fn space() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 2 => Just(" ".to_owned()), 1 => "[ \t\r\n]{1,3}"]
}

/// A number as RFC 8259 writes them.
pub(crate) fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,6}|[1-9][0-9]{18,25})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?"
}

/// A string with its quotes: raw characters of every length in UTF-8, and every kind of escape.
pub(crate) fn string() -> impl Strategy<Value = String> {
    let raw = any::<char>().prop_filter("must be escaped", |c| *c >= ' ' && !"\"\\".contains(*c));
    let unit = any::<u16>().prop_filter("a surrogate", |unit| !(0xd800..0xe000).contains(unit));
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 ,:{}\\[\\]/']",
        2 => raw.prop_map(String::from),
        1 => "\\\\[\"\\\\/bfnrt]",
        1 => unit.prop_map(|unit| format!("\\u{unit:04x}")),
        1 => (0xd800..0xdc00_u16, 0xdc00..0xe000_u16)
            .prop_map(|(high, low)| format!("\\u{high:04X}\\u{low:04x}")),
    ];
    vec(piece, 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// A value of any kind, with white space about its tokens.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => string(),
        2 => number(),
        1 => prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 24, 5, |inner| {
        prop_oneof![array(inner.clone()), object(inner)]
    })
}

/// A document that begins with an object or an array.
pub(crate) fn document() -> impl Strategy<Value = String> {
    (
        space(),
        prop_oneof![array(value()), object(value())],
        space(),
    )
        .prop_map(|(before, value, after)| before + &value + &after)
}

fn array(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (vec((space(), item, space()), 0..4), space()).prop_map(|(items, empty)| {
        let items: Vec<_> = items
            .into_iter()
            .map(|(a, item, b)| a + &item + &b)
            .collect();
        format!(
            "[{}{}]",
            if items.is_empty() {
                empty
            } else {
                String::new()
            },
            items.join(",")
        )
    })
}

fn object(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    // Few keys, so that some are repeated.
    let key = prop_oneof![Just("\"a\"".to_owned()), Just("\"\"".to_owned()), string()];
    let member = (space(), key, space(), space(), item, space())
        .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
    (vec(member, 0..4), space()).prop_map(|(members, empty)| {
        let empty = if members.is_empty() {
            empty
        } else {
            String::new()
        };
        format!("{{{empty}{}}}", members.join(","))
    })
}

/// Pieces of grammar in any order: nearly always malformed, at every depth of the grammar.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(
        [
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "0", "-", ".", "e", "+",
            "true", "tru", "null", "false", "nul", "\\", "\\u", "d83d", "\\ud83d", "\\ude80",
            "\\n", " ", "\n", "x", "é", "😀", "\u{7f}", "\u{0}", "\u{feff}", "NaN", "'", "/",
        ]
        .map(str::as_bytes)
        .to_vec(),
    );
    let byte = any::<u8>().prop_map(|byte| vec![byte]);
    vec(
        prop_oneof![8 => token.prop_map(<[u8]>::to_vec), 1 => byte],
        0..14,
    )
    .prop_map(|pieces| pieces.concat())
}

/// A document with a few bytes removed, replaced or put in.
pub(crate) fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"{}[],:\"\\ 0-.eEtn\n\x00\xff\xed\xa0\xc3".to_vec()),
        1 => any::<u8>()
    ];
    let change = (any::<prop::sample::Index>(), 0..3_u8, byte);
    (document(), vec(change, 1..4)).prop_map(|(document, changes)| {
        let mut bytes = document.into_bytes();
        for (index, what, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match what {
                0 => drop(bytes.remove(at)),
                1 => bytes[at] = byte,
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}
