//! Documents from a fast seeded source, for the long runs.

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
