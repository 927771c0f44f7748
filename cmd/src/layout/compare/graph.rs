//! The graph of types that old and new code may both touch.
//!
//! Its nodes are pairs of types, one old and one new. A pair leads to the pairs of its fields,
//! pointees and generic arguments that go by one name on both sides. It is explored from the
//! [`roots`](super::roots), and each pair is compared once. Types that nothing shared leads to are
//! not compared.

use super::super::types::{Id, Object};
use super::bound::{Bound, Check};
use super::difference::Origin;
use super::index::{Node, TypeIndex};
use super::roots::Root;
use super::shape::{self, Changes};
use std::collections::HashMap;
use std::ptr;

/// Two types, one old and one new, of which values may meet code of the other's build.
pub(super) struct Pair {
    pub(super) old: Node,
    pub(super) new: Node,
    pub(super) changes: Changes,
    /// The pairs that both hold by value.
    pub(super) held: Vec<usize>,
    /// The pairs that lead here.
    pub(super) from: Vec<usize>,
    /// The shared things whose type this is.
    pub(super) origins: Vec<Origin>,
}

/// All pairs that the roots lead to.
pub(super) struct Graph<'a> {
    pub(super) index: &'a TypeIndex<'a>,
    bound: &'a Bound<'a>,
    pub(super) pairs: Vec<Pair>,
    known: HashMap<(Node, Node), usize>,
}

impl<'a> Graph<'a> {
    /// Compares the pairs of the roots, and all that they lead to.
    pub(super) fn explore(
        index: &'a TypeIndex<'a>,
        roots: Vec<Root>,
        bound: &'a Bound<'a>,
    ) -> Graph<'a> {
        let mut graph = Graph { index, bound, pairs: Vec::new(), known: HashMap::new() };
        for Root { old, new, origin } in roots {
            let pair = graph.pair(old, new);
            let origins = &mut graph.pairs[pair].origins;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        let mut explored = 0;
        while explored < graph.pairs.len() {
            graph.compare(explored);
            explored += 1;
        }
        graph
    }

    /// Returns the number of a pair, if it is in the graph.
    pub(super) fn find(&self, old: Node, new: Node) -> Option<usize> {
        self.known.get(&(old, new)).copied()
    }

    /// Returns the two types of a pair.
    pub(super) fn types(&self, pair: &Pair) -> ((&'a Object, Id), (&'a Object, Id)) {
        let (old, new) = (pair.old, pair.new);
        let objects = (self.index.old_objects(), self.index.new_objects());
        ((objects.0[old.0 as usize], old.1), (objects.1[new.0 as usize], new.1))
    }

    fn pair(&mut self, old: Node, new: Node) -> usize {
        *self.known.entry((old, new)).or_insert_with(|| {
            let changes = Changes::default();
            let (held, from, origins) = (Vec::new(), Vec::new(), Vec::new());
            self.pairs.push(Pair { old, new, changes, held, from, origins });
            self.pairs.len() - 1
        })
    }

    /// Adds a pair to which another one leads.
    fn lead(&mut self, from: usize, old: Node, new: Node) -> usize {
        let pair = self.pair(old, new);
        self.pairs[pair].from.push(from);
        pair
    }

    /// Compares the types of a pair, and adds the pairs that it leads to.
    fn compare(&mut self, at: usize) {
        let pair = &self.pairs[at];
        let (old, new) = (pair.old, pair.new);
        let (was, now) = self.types(pair);
        let changes = if ptr::eq(was.0, now.0) && was.1 == now.1 {
            // It cannot contradict itself, but may lead elsewhere by name.
            let children = was.0.get(was.1).children();
            let led_to = children.into_iter().map(|child| (child, child)).collect();
            Changes { led_to, ..Changes::default() }
        } else {
            shape::compare(was, now)
        };
        let mut held = Vec::with_capacity(changes.held.len());
        for &(was, now) in &changes.held {
            held.push(self.lead(at, (old.0, was), (new.0, now)));
        }
        for &(was, now) in &changes.led_to {
            self.lead(at, (old.0, was), (new.0, now));
        }
        if was.0.get(was.1).declaration || now.0.get(now.1).declaration {
            self.lead_to_definitions(at);
        }
        self.pairs[at].held = held;
        self.pairs[at].changes = changes;
        if self.bound.checks(Check::Mentions) {
            for node in self.index.mentioned(was.0.name(was.1)) {
                for (old, new) in self.index.pairs(node) {
                    self.lead(at, old, new);
                }
            }
        }
    }

    /// Adds what other units describe of a type that is only declared here. What none describes may
    /// lead to all that its name mentions, and to whatever has changed if it is the program's own.
    fn lead_to_definitions(&mut self, at: usize) {
        let old = self.pairs[at].old;
        let name = self.index.old_objects()[old.0 as usize].name(old.1);
        let mut pairs = self.index.definitions_of(old);
        if pairs.is_empty() {
            let nodes = if self.bound.checks(Check::Untyped) && self.bound.is_own(name) {
                self.index.changed().to_vec()
            } else {
                self.index.within(name)
            };
            pairs = nodes.into_iter().flat_map(|node| self.index.pairs(node)).collect();
        }
        for (old, new) in pairs {
            self.lead(at, old, new);
        }
    }
}
