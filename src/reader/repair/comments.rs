//! Comments and ellipses, where a token may stand.

use super::Rule;
use crate::reader::{Cursor, Reader, State, Step, Stepped};

impl Reader {
    /// `// …`, `# …`, `/* … */`; any other slash is dropped.
    pub(in crate::reader) fn comment(&mut self, cursor: &mut Cursor<'_>) -> Stepped {
        let rest = cursor.rest();
        let state = match (rest.first(), rest.get(1)) {
            (Some(b'#'), _) | (_, Some(b'/')) => State::LineComment,
            (_, Some(b'*')) => State::BlockComment,
            (_, None) if !self.ended => return Ok(Step::Wait),
            _ => return Ok(self.drop_byte(cursor)),
        };
        self.record(Rule::Comment, cursor.at);
        cursor.advance(if rest.first() == Some(&b'#') { 1 } else { 2 });
        self.back = self.state;
        self.state = state;
        Ok(Step::Go)
    }

    /// To the end of the line.
    pub(in crate::reader) fn line_comment(&mut self, cursor: &mut Cursor<'_>) -> Step {
        match memchr::memchr(b'\n', cursor.rest()) {
            None => {
                cursor.at = cursor.text.len();
                Step::Wait
            }
            Some(end) => {
                cursor.advance(end);
                self.state = self.back;
                Step::Go
            }
        }
    }

    /// To the next `*/`.
    pub(in crate::reader) fn block_comment(&mut self, cursor: &mut Cursor<'_>) -> Step {
        match memchr::memmem::find(cursor.rest(), b"*/") {
            None => {
                let half = cursor.rest().last() == Some(&b'*');
                cursor.at = cursor.text.len().saturating_sub(usize::from(half));
                Step::Wait
            }
            Some(end) => {
                cursor.advance(end);
                cursor.advance(2);
                self.state = self.back;
                Step::Go
            }
        }
    }

    /// `...` or `…` at the cursor: left out, with all the dots behind it. `None`: there is none.
    pub(in crate::reader) fn ellipsis(&mut self, cursor: &mut Cursor<'_>) -> Option<Step> {
        let rest = cursor.rest();
        let goes_on = self.dropped_to == Some(self.offset(cursor.at));
        let width = match rest {
            [b'.', ..] if goes_on => 1,
            [b'.', b'.', b'.', ..] => 3,
            [b'.'] | [b'.', b'.'] if !self.ended => return Some(Step::Wait),
            _ if rest.starts_with("…".as_bytes()) => "…".len(),
            _ => return None,
        };
        if !goes_on {
            self.record(Rule::Ellipsis, cursor.at);
        }
        cursor.advance(width);
        self.dropped_to = Some(self.offset(cursor.at));
        Some(Step::Go)
    }
}
