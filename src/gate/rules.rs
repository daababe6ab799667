//! What a graph says, as states: one look-up for each key or element, whatever the schema.

use std::collections::HashMap;
use std::slice;

use super::graph::{Graph, Node};
use crate::text::unescape;

/// Kinds of values whose text grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const STRING: Self = Self(1);
    pub(super) const OBJECT: Self = Self(2);
    pub(super) const ARRAY: Self = Self(4);
    pub(super) const ALL: Self = Self(7);

    pub(super) fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The state of a value in which everything is shown as it comes.
pub(super) const FREE: u32 = 0;

/// Steps of the making of rules: beyond, the schema is too large.
const STEPS: usize = 1 << 18;

/// What is known of a value.
#[derive(Debug, Default)]
struct State {
    /// It is shown only whole, if it is of such a kind.
    whole: Kinds,
    /// The states of its members, by name, and of the others.
    members: HashMap<Box<[u8]>, u32>,
    other: u32,
    /// The states of its elements, by index, and of the others.
    elements: HashMap<u32, u32>,
    rest: u32,
}

/// Which values are shown only whole.
#[derive(Debug)]
pub(crate) struct Rules {
    states: Vec<State>,
    root: u32,
}

impl Rules {
    /// The rules of a graph; `None` if it has too many ways to go.
    ///
    /// A state is a set of nodes: all that apply to one value. Nodes under which nothing is shown
    /// whole are in none, so that most schemas come to a handful of states, or to no rule at all.
    pub(crate) fn of(graph: &Graph) -> Option<Self> {
        Maker::new(graph).make()
    }

    /// Is there no value that is shown only whole?
    pub(crate) fn is_empty(&self) -> bool {
        self.root == FREE
    }

    /// About how many bytes they take.
    pub(crate) fn size(&self) -> usize {
        self.states.iter().fold(0, |size: usize, state| {
            let elements = state.elements.len().saturating_mul(16);
            let own = size.saturating_add(160).saturating_add(elements);
            state.members.keys().fold(own, |size, name| {
                size.saturating_add(name.len()).saturating_add(32)
            })
        })
    }

    pub(super) fn root(&self) -> u32 {
        self.root
    }

    fn state(&self, state: u32) -> Option<&State> {
        self.states.get(state as usize)
    }

    pub(super) fn whole(&self, state: u32) -> Kinds {
        self.state(state).map_or(Kinds::default(), |at| at.whole)
    }

    /// The state of the member with this key: the inside of a JSON string, as it was written.
    pub(super) fn member(&self, state: u32, key: &[u8]) -> u32 {
        let Some(state) = self.state(state) else {
            return FREE;
        };
        let found = if memchr::memchr(b'\\', key).is_some() {
            let mut name = Vec::with_capacity(key.len());
            unescape(key, &mut name);
            state.members.get(name.as_slice())
        } else {
            state.members.get(key)
        };
        *found.unwrap_or(&state.other)
    }

    pub(super) fn element(&self, state: u32, index: u32) -> u32 {
        let Some(state) = self.state(state) else {
            return FREE;
        };
        *state.elements.get(&index).unwrap_or(&state.rest)
    }
}

type Set = Vec<usize>;

/// Makes states of sets of nodes.
struct Maker<'g> {
    nodes: &'g [Node],
    /// Can a value that is shown whole be reached from this node?
    leads: Vec<bool>,
    /// Sets that have a state, and those that have yet to be filled in.
    known: HashMap<Set, u32>,
    new: Vec<(u32, Set)>,
    states: Vec<State>,
    /// Marks of the closure under way, by node.
    marks: Vec<usize>,
    mark: usize,
    steps: usize,
}

impl<'g> Maker<'g> {
    fn new(graph: &'g Graph) -> Self {
        let nodes = graph.nodes();
        Self {
            nodes,
            leads: leads(nodes),
            known: HashMap::new(),
            new: Vec::new(),
            states: Vec::new(),
            marks: vec![0; nodes.len()],
            mark: 0,
            steps: STEPS,
        }
    }

    fn make(mut self) -> Option<Rules> {
        self.state(&[])?;
        let root = self.state(&[Graph::ROOT])?;
        while let Some((at, set)) = self.new.pop() {
            let filled = self.fill(&set)?;
            if let Some(state) = self.states.get_mut(at as usize) {
                *state = filled;
            }
        }
        Some(Rules {
            states: self.states,
            root,
        })
    }

    fn spend(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.checked_sub(steps)?;
        Some(())
    }

    /// The state of a value to which all of these apply, and what is in the same place as they.
    fn state(&mut self, from: &[usize]) -> Option<u32> {
        self.mark = self.mark.checked_add(1)?;
        let mut set: Set = Vec::new();
        let mut todo = from.to_vec();
        while let Some(at) = todo.pop() {
            self.spend(1)?;
            let (Some(node), Some(mark)) = (self.nodes.get(at), self.marks.get_mut(at)) else {
                continue;
            };
            if *mark == self.mark || !self.leads.get(at).is_some_and(|leads| *leads) {
                continue;
            }
            *mark = self.mark;
            set.push(at);
            todo.extend_from_slice(&node.same);
        }
        set.sort_unstable();
        self.spend(1)?;
        self.spend(set.len())?;
        if let Some(known) = self.known.get(&set) {
            return Some(*known);
        }
        let state = u32::try_from(self.states.len()).ok()?;
        self.states.push(State::default());
        self.known.insert(set.clone(), state);
        self.new.push((state, set));
        Some(state)
    }

    fn fill(&mut self, set: &[usize]) -> Option<State> {
        let nodes = self.nodes;
        let applying = || set.iter().filter_map(|at| nodes.get(*at));
        let mut state = State::default();
        for node in applying() {
            state.whole.add(node.whole);
        }
        state.other = self.member(set, None)?;
        state.rest = self.element(set, None)?;
        for node in applying() {
            for name in node.members.keys() {
                if !state.members.contains_key(name) {
                    let member = self.member(set, Some(name))?;
                    state.members.insert(name.clone(), member);
                }
            }
            for index in node.elements.keys() {
                if !state.elements.contains_key(index) {
                    let element = self.element(set, Some(*index))?;
                    state.elements.insert(*index, element);
                }
            }
        }
        Some(state)
    }

    fn member(&mut self, set: &[usize], name: Option<&[u8]>) -> Option<u32> {
        let mut targets = Vec::new();
        for node in set.iter().filter_map(|at| self.nodes.get(*at)) {
            let named = name.and_then(|name| node.members.get(name));
            targets.extend_from_slice(named.map_or(&node.other, slice::from_ref));
            targets.extend_from_slice(&node.any);
        }
        self.spend(set.len())?;
        self.spend(targets.len())?;
        self.state(&targets)
    }

    fn element(&mut self, set: &[usize], index: Option<u32>) -> Option<u32> {
        let mut targets = Vec::new();
        for node in set.iter().filter_map(|at| self.nodes.get(*at)) {
            let indexed = index.and_then(|index| node.elements.get(&index));
            targets.extend_from_slice(indexed.map_or(&node.rest, slice::from_ref));
            targets.extend_from_slice(&node.every);
        }
        self.spend(set.len())?;
        self.spend(targets.len())?;
        self.state(&targets)
    }
}

/// From which nodes a value that is shown whole can be reached.
fn leads(nodes: &[Node]) -> Vec<bool> {
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        node.each_target(|target| {
            if let Some(sources) = from.get_mut(target) {
                sources.push(at);
            }
        });
    }
    let mut leads = vec![false; nodes.len()];
    let whole = |(at, node): (usize, &Node)| (!node.whole.is_empty()).then_some(at);
    let mut todo: Vec<usize> = nodes.iter().enumerate().filter_map(whole).collect();
    while let Some(at) = todo.pop() {
        if let Some(lead) = leads.get_mut(at).filter(|lead| !**lead) {
            *lead = true;
            todo.extend_from_slice(from.get(at).map_or(&[], Vec::as_slice));
        }
    }
    leads
}
