//! What no further delta can change.

use super::place::Place;
use super::snapshot::SnapshotView;
use super::tail::Tail;
use crate::event::Event;

/// The paths of the values that have ended, as they end: what is in a container before the
/// container. A value that is cut off never ends. (Where the text repeats a key, the later value
/// replaces one that had settled, and its path comes again.)
#[derive(Debug, Default)]
pub struct Settled {
    tail: Tail,
    place: Place,
    /// How much of the text was read.
    read: usize,
}

impl Settled {
    /// The paths settled since the last call, as JSON Pointers (RFC 6901).
    ///
    /// Cost: what is new, and the length of the paths. Since short values may stand at long paths,
    /// one call gives no more than 16 bytes of paths for each byte of the text, and 1 MiB; if
    /// there are more, they come with the next one.
    pub fn take(&mut self, view: &SnapshotView) -> Vec<String> {
        let text = view.text();
        let mut rest = text.get(self.read..).unwrap_or_default();
        let mut room = text.len().saturating_mul(16).saturating_add(1 << 20);
        let mut paths = Vec::new();
        while room > 0 {
            let Some(event) = self.tail.next(&mut rest) else {
                break;
            };
            match event {
                Event::Key(raw) => {
                    self.place.key(raw);
                }
                Event::Begin => self.place.begin(),
                Event::Open(container) => {
                    self.place.begin();
                    self.place.open(container);
                }
                Event::Scalar(_) => self.place.begin(),
                Event::Close => self.place.close(),
                Event::Text(_) | Event::End => {}
            }
            if matches!(event, Event::Scalar(_) | Event::Close | Event::End) {
                let path = self.place.path();
                room = room.saturating_sub(path.len());
                paths.push(path.to_owned());
            }
        }
        self.read = text.len().saturating_sub(rest.len());
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aggregator, Options};

    #[test]
    fn a_value_is_told_once_when_it_has_ended() {
        let mut aggregator = Aggregator::new(Options::default());
        let mut settled = Settled::default();
        let mut take = |aggregator: &Aggregator| settled.take(aggregator.view());
        for (delta, paths) in [
            (r#"{"a": "x"#, vec![]),
            (r#"y", "b": [1, tr"#, vec!["/a", "/b/0"]),
            ("ue, {\"c\": null}, 7", vec!["/b/1", "/b/2/c", "/b/2"]),
            ("]", vec!["/b/3", "/b"]),
            ("}", vec![]),
        ] {
            aggregator.feed(delta.as_bytes()).unwrap();
            assert_eq!(paths, take(&aggregator));
        }
        aggregator.finish().unwrap();
        assert_eq!(vec![""], take(&aggregator));
        assert!(take(&aggregator).is_empty());
    }

    #[test]
    fn long_paths_come_in_portions() {
        let mut aggregator = Aggregator::new(Options::default());
        let key = "k".repeat(100_000);
        let document = format!("{{\"{key}\": [{}", "1,".repeat(1_000));
        aggregator.feed(document.as_bytes()).unwrap();
        let mut settled = Settled::default();
        let mut count = 0;
        loop {
            let paths = settled.take(aggregator.view());
            let length: usize = paths.iter().map(String::len).sum();
            assert!(length < 16 * document.len() + (2 << 20));
            if paths.is_empty() {
                break;
            }
            count += paths.len();
        }
        assert_eq!(1_000, count);
    }
}
