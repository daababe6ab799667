//! The contract's first example.
use wholejson::{Aggregator, Options};

#[test]
fn a_name_grows() {
    let mut agg = Aggregator::new(Options {
        repair: false,
        ..Options::default()
    });
    let mut seen = Vec::new();
    for delta in ["{\"name", "\":\"", "John", " Doe", "\"", "}"] {
        if agg.feed(delta.as_bytes()).unwrap() {
            let mut out = Vec::new();
            assert!(agg.write_snapshot(&mut out));
            seen.push(String::from_utf8(out).unwrap());
        }
    }
    assert!(!agg.finish().unwrap());
    assert!(agg.is_complete());
    assert_eq!(
        vec!["{\"name\": \"John\"}", "{\"name\": \"John Doe\"}"],
        seen
    );
}
