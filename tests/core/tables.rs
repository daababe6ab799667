//! What is visible, by example: the tables of the promises, row by row.

use wholejson::{Aggregator, Options};

use crate::common::data::{lines, root, style, text};
use crate::common::drive::{Case, snapshot, strict};

fn options(row: &serde_json::Value) -> Options {
    Options {
        style: style(row["style"].as_str().unwrap_or("spaced")),
        ..strict(root(row["root"].as_str().unwrap_or("auto")))
    }
}

#[test]
fn what_is_visible_after_a_text_is_what_the_table_says() {
    let rows = lines("visible.jsonl");
    assert!(rows.len() > 80, "only {} rows", rows.len());
    for row in rows {
        let name = text(&row, "name");
        let written = text(&row, "text");
        let case = Case {
            text: written.as_bytes(),
            options: options(&row),
            halves: false,
        };
        let ended = row["ended"].as_bool().unwrap_or(false);
        for bytewise in [false, true] {
            let length = written.len();
            let ends = if bytewise {
                (1..=length).collect()
            } else {
                vec![length]
            };
            let aggregator = if ended {
                case.ended(&ends)
            } else {
                case.fed(&ends)
            };
            assert_eq!(
                row["snapshot"].as_str().map(str::to_owned),
                snapshot(&aggregator),
                "{name}"
            );
            assert_eq!(
                row["complete"].as_bool().unwrap_or(false),
                aggregator.is_complete(),
                "{name}"
            );
            assert_eq!(
                row["error"].as_str(),
                aggregator.error().map(|error| error.kind().code()),
                "{name}"
            );
        }
        case.check_every_cut();
    }
}

#[test]
fn deltas_give_the_updates_that_the_table_says() {
    let rows = lines("updates.jsonl");
    assert!(rows.len() > 25, "only {} rows", rows.len());
    for row in rows {
        let name = text(&row, "name");
        let mut aggregator = Aggregator::new(options(&row));
        let mut updates = Vec::new();
        for delta in row["deltas"].as_array().unwrap() {
            if aggregator.feed(delta.as_str().unwrap().as_bytes()).unwrap() {
                updates.push(snapshot(&aggregator).unwrap());
            }
        }
        if aggregator.finish().unwrap() {
            updates.push(snapshot(&aggregator).unwrap());
        }
        let expected: Vec<_> = row["updates"].as_array().unwrap().iter().collect();
        assert_eq!(expected, updates.iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(
            row["final"].as_str(),
            snapshot(&aggregator).as_deref(),
            "{name}"
        );
        assert_eq!(
            row["complete"].as_bool(),
            Some(aggregator.is_complete()),
            "{name}"
        );
    }
}
