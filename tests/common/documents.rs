//! Documents: strategies for proptest, and a fast seeded source for the long runs.

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

/// A seeded source of numbers (SplitMix64): the long runs are the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// The ends of random pieces of a text of this length, the last one included.
    pub(crate) fn cuts(&mut self, length: usize, most: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut at = 0;
        while at < length {
            at = (at + 1 + self.below(most)).min(length);
            ends.push(at);
        }
        ends
    }
}

/// A document of about `size` values.
pub(crate) fn random_document(random: &mut Random, size: usize) -> String {
    let mut out = String::new();
    let mut left = size;
    random_container(random, &mut out, &mut left, 0);
    out
}

fn random_value(random: &mut Random, out: &mut String, left: &mut usize, depth: usize) {
    *left = left.saturating_sub(1);
    match random.below(10) {
        0 | 1 if depth < 12 => random_container(random, out, left, depth + 1),
        2..=6 => random_string(random, out),
        7 | 8 => random_number(random, out),
        _ => out.push_str(random.pick(&["true", "false", "null"])),
    }
}

fn random_container(random: &mut Random, out: &mut String, left: &mut usize, depth: usize) {
    let is_object = random.below(3) > 0;
    out.push(if is_object { '{' } else { '[' });
    random_space(random, out);
    let mut first = true;
    while *left > 0 && (depth == 0 || random.below(4) > 0) {
        if !first {
            out.push(',');
            random_space(random, out);
        }
        first = false;
        if is_object {
            random_string(random, out);
            random_space(random, out);
            out.push(':');
            random_space(random, out);
        }
        random_value(random, out, left, depth);
        random_space(random, out);
    }
    out.push(if is_object { '}' } else { ']' });
}

fn random_space(random: &mut Random, out: &mut String) {
    out.push_str(random.pick(&["", "", "", " ", " ", "\n  ", "\t", "\r\n"]));
}

fn random_number(random: &mut Random, out: &mut String) {
    let digits = random.next();
    match random.below(6) {
        0 => out.push('0'),
        1 => out.push_str(&format!("-{}", digits % 1000)),
        2 => out.push_str(&format!("{}.{:03}", digits % 100, digits % 1000)),
        3 => out.push_str(&format!("{}e-{}", digits % 10 + 1, digits % 40)),
        4 => out.push_str(&format!("{digits}{digits}")),
        _ => out.push_str(&format!("{}E+{}", digits % 97, digits % 9)),
    }
}

fn random_string(random: &mut Random, out: &mut String) {
    const PIECES: &[&str] = &[
        "a",
        "name",
        " ",
        "John",
        "é",
        "日本",
        "😀",
        "\u{10ffff}",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0000",
        "\\u00e9",
        "\\ud83d\\ude80",
        "\\uD800\\uDC00",
        "\\uffff",
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        "'",
        "//",
        "\u{7f}",
        "\u{2028}",
        "true",
        "12",
        "null",
    ];
    out.push('"');
    for _ in 0..random.below(6) {
        out.push_str(random.pick(PIECES));
    }
    out.push('"');
}

/// Counts documents: as many as `usual`, or as the variable `WHOLEJSON_DOCUMENTS` asks for; says
/// how far it has come where that takes long.
pub(crate) fn counted(usual: usize) -> impl Iterator<Item = usize> {
    let asked = std::env::var("WHOLEJSON_DOCUMENTS");
    let count = asked.ok().and_then(|asked| asked.parse().ok());
    let count = count.unwrap_or(usual);
    (0..count).inspect(move |done| {
        if done % 50_000 == 0 && *done > 0 {
            eprintln!("{done} of {count} documents");
        }
    })
}
