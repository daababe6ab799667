//! Events → bytes.

use super::block::Block;

/// How the lines of this block end; those of the stream, if none of it has ended.
pub fn line_end(block: &Block<'_>) -> &'static [u8] {
    let raw = block.raw();
    match memchr::memchr2(b'\n', b'\r', raw).map(|at| &raw[at..]) {
        Some([b'\r', b'\n', ..]) => b"\r\n",
        Some([b'\r', ..]) => b"\r",
        Some(_) => b"\n",
        None => block.usual,
    }
}

/// Writes an event with nothing but data.
pub fn write_event(data: &[u8], out: &mut Vec<u8>) {
    write_data(data, b"\n", out);
    out.push(b'\n');
}

/// Writes a comment, to keep a connection alive. Line ends in it become spaces.
pub fn write_comment(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b": ");
    out.extend(text.bytes().map(|byte| match byte {
        b'\n' | b'\r' => b' ',
        other => other,
    }));
    out.extend_from_slice(b"\n\n");
}

/// Writes the block with other data; all its other lines as they were. One that lacks its blank
/// line gets it.
pub fn write_with_data(block: &Block<'_>, data: &[u8], out: &mut Vec<u8>) {
    let end = line_end(block);
    let mut written = false;
    for line in block.lines() {
        if line.name != b"data" {
            out.extend_from_slice(line.raw);
        } else if !written {
            write_data(data, end, out);
            written = true;
        }
    }
    write_blank(block, out);
}

/// Writes the comments of a block whose event is left out, as a block of their own; says whether
/// there were any.
pub fn write_without_data(block: &Block<'_>, out: &mut Vec<u8>) -> bool {
    let before = out.len();
    for line in block.lines().filter(super::Line::is_comment) {
        out.extend_from_slice(line.raw);
    }
    let any = out.len() > before;
    if any {
        write_blank(block, out);
    }
    any
}

/// Ends a block whose lines were written: with its own blank line, or with one that it lacks.
pub fn write_blank(block: &Block<'_>, out: &mut Vec<u8>) {
    if block.is_finished() {
        // Where line ends are mixed, the lines before it that were left out may have parted a CR
        // from the LF of the blank line. Together they would end one line and not two.
        if out.last() == Some(&b'\r') && block.blank().starts_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(block.blank());
        return;
    }
    let end = line_end(block);
    if !matches!(out.last(), Some(b'\n' | b'\r')) {
        out.extend_from_slice(end);
    }
    out.extend_from_slice(end);
}

fn write_data(data: &[u8], end: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    loop {
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&rest[..length]);
        out.extend_from_slice(end);
        rest = match &rest[length..] {
            [b'\r', b'\n', tail @ ..] | [_, tail @ ..] => tail,
            [] => return,
        };
    }
}
