//! What it would cost to validate a document, before it is done.
//!
//! A validator may look at one value by one schema again and again: each way through the schema
//! that leads there is a look. Two references to the same schema in each of thirty that refer to
//! one another are a billion looks at `{}`. Here the ways are counted, not walked.

#![allow(
    clippy::indexing_slicing,
    reason = "a node is its place in the graph, and each list has one item a node"
)]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::count::Count;
use crate::gate::{Graph, Node};

/// Steps of the counting: beyond, validating costs too much.
const STEPS: usize = 1 << 20;
/// To know what nothing else has looked at, a validator asks everything else again: so many times.
const AGAIN: u64 = 4;
/// The patterns of a schema may have so many states together, and each takes a bit besides.
const STATES: u64 = 1 << 16;
const PATTERN: u64 = 32;
/// Bytes of a text, each matched against so many states, that cost one look.
const MATCHED: u64 = 4;
/// A way through the schema at one value may be so long: each step uses the call stack.
const LONGEST: usize = 128;

/// A schema whose ways can be counted.
#[derive(Debug)]
pub(super) struct Cost {
    graph: Graph,
    /// Nodes, each before those that it applies to the same value; and where each stands.
    order: Vec<usize>,
    rank: Vec<usize>,
    /// The longest way at one value.
    longest: usize,
}

/// What validating costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    /// Looks at a value by a schema, weighed by what the schema has to compare.
    pub(super) looks: u64,
    /// How deep they may stand in one another.
    pub(super) levels: u64,
}

fn inner(node: &Node) -> impl Iterator<Item = usize> {
    node.same.iter().chain(&node.apart).copied()
}

impl Cost {
    /// Reads a schema.
    ///
    /// # Errors
    /// Why it can't be validated by.
    pub(super) fn of(graph: Graph) -> Result<Self, String> {
        let patterns = graph.patterns();
        if patterns
            .states
            .saturating_add(patterns.count.saturating_mul(PATTERN))
            > STATES
        {
            return Err("its patterns are too many, or too large".into());
        }
        let nodes = graph.nodes();
        let mut sources = vec![0_usize; nodes.len()];
        for target in nodes.iter().flat_map(inner) {
            sources[target].raise(1);
        }
        let mut ways = vec![1_usize; nodes.len()];
        let mut rank = vec![usize::MAX; nodes.len()];
        let mut order = Vec::with_capacity(nodes.len());
        let mut free: Vec<usize> = (0..nodes.len()).filter(|at| sources[*at] == 0).collect();
        while let Some(at) = free.pop() {
            rank[at] = order.len();
            order.push(at);
            for target in inner(&nodes[at]) {
                ways[target] = ways[target].max(ways[at].saturating_add(1));
                sources[target].lower(1);
                if sources[target] == 0 {
                    free.push(target);
                }
            }
        }
        if order.len() < nodes.len() {
            return Err("a schema in it refers to itself for the same value, without end".into());
        }
        let longest = ways.into_iter().max().unwrap_or(0);
        if longest > LONGEST {
            return Err(format!(
                "more than {LONGEST} schemas in it refer to one another in a row"
            ));
        }
        Ok(Self {
            graph,
            order,
            rank,
            longest,
        })
    }

    /// What validating this document costs; `None`: too much to be counted. Does not use the call
    /// stack.
    pub(super) fn price(&self, document: &Value) -> Option<Price> {
        let mut steps = STEPS;
        let mut price = Price {
            looks: 0,
            levels: 0,
        };
        let root = BTreeMap::from([(self.rank[Graph::ROOT], 1)]);
        let mut todo: Vec<(&Value, u64, Ways)> = vec![(document, 1, root)];
        while let Some((value, depth, ways)) = todo.pop() {
            price.levels = price.levels.max(depth.saturating_mul(self.longest as u64));
            let applying = self.applying(value, ways, &mut steps, &mut price.looks)?;
            let mut add = |inner, ways: Ways| {
                spend(&mut steps, &[1, applying.len(), ways.len()])?;
                if !ways.is_empty() {
                    todo.push((inner, depth.saturating_add(1), ways));
                }
                Some(())
            };
            match value {
                Value::Object(members) => {
                    for (name, inner) in members {
                        let named = |node: &Node| node.members.get(name.as_bytes()).copied();
                        add(
                            inner,
                            self.below(&applying, |node| (named(node), &node.other, &node.any)),
                        )?;
                    }
                }
                Value::Array(items) => {
                    for (index, inner) in (0_u32..).zip(items) {
                        let at = |node: &Node| node.elements.get(&index).copied();
                        add(
                            inner,
                            self.below(&applying, |node| (at(node), &node.rest, &node.every)),
                        )?;
                    }
                }
                _ => {}
            }
        }
        Some(price)
    }

    /// All that applies to one value, and in how many ways.
    fn applying(
        &self,
        value: &Value,
        mut ways: Ways,
        steps: &mut usize,
        looks: &mut u64,
    ) -> Option<Vec<(usize, u64)>> {
        let (length, names, text) = match value {
            Value::String(text) => (text.len() / 16, 0, text.len()),
            Value::Array(items) => (items.len(), 0, 0),
            Value::Object(members) => {
                let names = members.keys().map(String::len).sum::<usize>();
                // What is said of names stands where it might be said of strings.
                let text = if self.graph.patterns().of_names {
                    names
                } else {
                    0
                };
                (members.len().saturating_add(names / 16), names, text)
            }
            _ => (0, 0, 0),
        };
        let mut applying = Vec::new();
        while let Some((rank, count)) = ways.pop_first() {
            let at = self.order[rank];
            let node = &self.graph.nodes()[at];
            spend(steps, &[1, node.same.len(), node.apart.len()])?;
            let reading = if node.reads { length as u64 } else { 0 };
            let matching = (text as u64)
                .saturating_mul(node.matches)
                .saturating_add((names as u64).saturating_mul(node.matches_names));
            let weight = 1_u64
                .saturating_add(node.weight)
                .saturating_add(reading)
                .saturating_add(matching / MATCHED);
            *looks = looks.saturating_add(count.saturating_mul(weight));
            let times = if node.again { AGAIN } else { 1 };
            for target in inner(node) {
                add(&mut ways, self.rank[target], count.saturating_mul(times));
            }
            applying.push((at, count));
        }
        Some(applying)
    }

    /// All that applies to a member or an element by what applies to its container.
    fn below<'g>(
        &'g self,
        applying: &[(usize, u64)],
        targets: impl Fn(&'g Node) -> (Option<usize>, &'g Vec<usize>, &'g Vec<usize>),
    ) -> Ways {
        let mut ways = Ways::new();
        for (at, count) in applying {
            let (named, others, all) = targets(&self.graph.nodes()[*at]);
            let others = if named.is_some() {
                &[]
            } else {
                others.as_slice()
            };
            for target in named.iter().chain(others).chain(all) {
                add(&mut ways, self.rank[*target], *count);
            }
        }
        ways
    }
}

/// Takes these from the steps that are left; `None`: there are not so many.
fn spend(steps: &mut usize, taken: &[usize]) -> Option<()> {
    *steps = taken
        .iter()
        .try_fold(*steps, |left, taken| left.checked_sub(*taken))?;
    Some(())
}

/// Nodes by rank, and in how many ways each applies.
type Ways = BTreeMap<usize, u64>;

fn add(ways: &mut Ways, rank: usize, count: u64) {
    let ways = ways.entry(rank).or_default();
    *ways = ways.saturating_add(count);
}
