//! Numbers and literals as other languages write them.

use crate::reader::scalar::Scalar;

/// Words that stand for a literal.
const WORDS: &[(&[u8], &[u8])] = &[
    (b"true", b"true"),
    (b"True", b"true"),
    (b"TRUE", b"true"),
    (b"false", b"false"),
    (b"False", b"false"),
    (b"FALSE", b"false"),
    (b"null", b"null"),
    (b"Null", b"null"),
    (b"NULL", b"null"),
    (b"None", b"null"),
    (b"nil", b"null"),
    (b"undefined", b"null"),
    (b"NaN", b"null"),
    (b"nan", b"null"),
    (b"Infinity", b"null"),
    (b"-Infinity", b"null"),
    (b"+Infinity", b"null"),
    (b"-NaN", b"null"),
    (b"inf", b"null"),
    (b"-inf", b"null"),
];

/// What a word stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// JSON as it is.
    Json,
    /// A literal of another language.
    Literal(&'static [u8]),
    /// A number in another form, as JSON writes it.
    Number(Vec<u8>),
    /// Neither.
    Text,
}

/// What it stands for.
pub(super) fn classify(word: &[u8]) -> Word {
    let mut scalar = Scalar::Start;
    if word
        .iter()
        .all(|&byte| scalar.step(byte).map(|next| scalar = next).is_some())
        && scalar.is_whole()
    {
        return Word::Json;
    }
    if let Some((_, json)) = WORDS.iter().find(|(name, _)| *name == word) {
        return Word::Literal(json);
    }
    number(word).map_or(Word::Text, Word::Number)
}

/// Is it a number or a literal, in whatever form?
pub(crate) fn is_scalar(word: &[u8]) -> bool {
    classify(word) != Word::Text
}

/// `+1`, `.5`, `1.`, `0x1F`, `1_000` as JSON writes them.
fn number(word: &[u8]) -> Option<Vec<u8>> {
    let (negative, digits) = match word.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, word),
    };
    if !matches!(digits.first(), Some(b'0'..=b'9' | b'.')) {
        return None;
    }
    let mut json = if negative { b"-".to_vec() } else { Vec::new() };
    if let Some(hex) = digits
        .strip_prefix(b"0x")
        .or_else(|| digits.strip_prefix(b"0X"))
    {
        let value = u128::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?;
        json.extend_from_slice(value.to_string().as_bytes());
        return hex
            .first()
            .is_some_and(u8::is_ascii_hexdigit)
            .then_some(json);
    }
    let mut before = b' ';
    let following = digits.iter().skip(1).chain(b" ");
    for (&byte, next) in digits.iter().zip(following) {
        match byte {
            b'_' if before.is_ascii_digit() && next.is_ascii_digit() => {}
            b'.' => {
                if !before.is_ascii_digit() {
                    json.push(b'0');
                }
                json.push(b'.');
                if !next.is_ascii_digit() {
                    json.push(b'0');
                }
            }
            _ => json.push(byte),
        }
        before = byte;
    }
    let lone = digits == b".";
    let mut scalar = Scalar::Start;
    let valid = json
        .iter()
        .all(|&byte| scalar.step(byte).map(|next| scalar = next).is_some());
    (valid && scalar.is_whole() && !scalar.is_literal() && !lone).then_some(json)
}

/// Could more letters make it a number or a literal?
pub(super) fn is_beginning(word: &[u8]) -> bool {
    let name = |(name, _): &(&[u8], &[u8])| name.len() > word.len() && name.starts_with(word);
    let unsigned = word
        .strip_prefix(b"-")
        .or_else(|| word.strip_prefix(b"+"))
        .unwrap_or(word);
    let probes: [&[u8]; 4] = [b"", b"0", b"1", b"x0"];
    let grown = |tail: &&[u8]| number(&[unsigned, tail].concat()).is_some();
    WORDS.iter().any(name) || unsigned.is_empty() || probes.iter().any(grown)
}
