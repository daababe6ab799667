//! Where in the document one is: JSON Pointers (RFC 6901).

use crate::event::Container;
use crate::text::unescape;

/// The place of the value that began last, or of the container that closed after it.
#[derive(Debug, Default)]
pub(super) struct Place {
    path: String,
    open: Vec<Open>,
    /// The name of the key that was read last.
    name: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    container: Container,
    /// Elements that have begun.
    count: usize,
    /// The length of the container's own path.
    length: usize,
}

impl Place {
    /// The path of the value that began last, or of the container that closed after it.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The path of the value at this depth, which has not ended.
    pub(super) fn path_at(&self, depth: usize) -> &str {
        let length = self.open.get(depth).map_or(self.path.len(), |o| o.length);
        self.path.get(..length).unwrap_or_default()
    }

    /// How many containers are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// A key was read; gives its name.
    pub(super) fn key(&mut self, raw: &[u8]) -> &[u8] {
        self.name.clear();
        unescape(raw, &mut self.name);
        self.leave();
        self.path.push('/');
        // What the snapshot holds is valid UTF-8.
        let name = std::str::from_utf8(&self.name).unwrap_or_default();
        if memchr::memchr2(b'~', b'/', &self.name).is_none() {
            self.path.push_str(name);
        } else {
            for character in name.chars() {
                match character {
                    '~' => self.path.push_str("~0"),
                    '/' => self.path.push_str("~1"),
                    plain => self.path.push(plain),
                }
            }
        }
        &self.name
    }

    /// A value begins.
    pub(super) fn begin(&mut self) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if open.container == Container::Array {
            let index = open.count;
            open.count = index.saturating_add(1);
            self.leave();
            self.path.push('/');
            self.path.push_str(itoa(index, &mut [0; 20]));
        }
    }

    /// The value that began is a container.
    pub(super) fn open(&mut self, container: Container) {
        self.open.push(Open {
            container,
            count: 0,
            length: self.path.len(),
        });
    }

    /// The innermost container ends.
    pub(super) fn close(&mut self) {
        self.leave();
        self.open.pop();
    }

    /// Back to the path of the innermost container.
    fn leave(&mut self) {
        if let Some(open) = self.open.last() {
            self.path.truncate(open.length);
        }
    }
}

/// A number in decimal digits.
fn itoa(number: usize, digits: &mut [u8; 20]) -> &str {
    let mut rest = number;
    let mut from = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' | (rest % 10) as u8;
        rest /= 10;
        from = at;
        if rest == 0 {
            break;
        }
    }
    std::str::from_utf8(digits.get(from..).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_rfc_6901() {
        let mut place = Place::default();
        place.begin();
        assert_eq!("", place.path());
        place.open(Container::Object);
        for (raw, path) in [
            ("foo", "/foo"),
            ("", "/"),
            ("a/b", "/a~1b"),
            ("m~n", "/m~0n"),
            ("~1", "/~01"),
            ("k\\\"l", "/k\"l"),
            ("i\\\\j", "/i\\j"),
            ("\\u00e9\\/", "/é~1"),
        ] {
            place.key(raw.as_bytes());
            place.begin();
            assert_eq!(path, place.path());
        }
        place.open(Container::Array);
        for index in 0..120 {
            place.begin();
            assert_eq!(format!("/é~1/{index}"), place.path());
        }
        assert_eq!("/é~1", place.path_at(1));
        place.close();
        assert_eq!("/é~1", place.path());
        place.close();
        assert_eq!(("", 0), (place.path(), place.depth()));
    }
}
