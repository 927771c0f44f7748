//! Hot functions that are called only while the program starts: their new code may never run.
//!
//! `main` runs once, and what it calls outside of any loop it calls once; and so on for what that
//! calls. A hot function that is called only so, by way of direct calls, has been called for the
//! last time, unless `main` has yet to come to it: a function that tidies up in the end looks the
//! same. Which of the two it is objects do not show, so what is said is what is known: who calls
//! it, and that this has begun.
//!
//! A function that may be called again in a way that calls do not show counts as called again: a
//! function whose address is taken (a thread's, a handler's, a method behind a trait object), one
//! that stands in a static, one with a name for C. So does a call in a loop, though the loop may be
//! over.
//!
//! **Coroutines.** The body of an `async` function or block is called by whoever polls it, in a
//! loop and through pointers; but from its beginning to its end it runs once each time it is
//! *made*. So its callers are taken to be the program's own functions that lead to it, whatever
//! stands between. That is not so for an `async` closure or block within another body, such as a
//! handler: whoever was given it calls it at any time. A call site that does not lead back to
//! itself within the body is reached once: what a coroutine resumes at lies behind its entry.

use super::control_flow;
use super::item::item;
use super::not_applied::Once;
use super::retainers::is_async;
use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, AtomRef, SymbolId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A search for hot functions that only the start of the program calls.
pub struct StartupCalls<'a> {
    analysis: &'a Analysis<'a>,
    /// The users of each name, in what runs and in what comes.
    users: HashMap<SymbolId, BTreeSet<SymbolId>>,
    /// The slot of each body.
    slots: HashMap<SymbolId, SymbolId>,
    /// The names that are known to be called again, or not; one that is being looked at counts as
    /// not.
    again: HashMap<SymbolId, bool>,
}

impl<'a> StartupCalls<'a> {
    /// Reads who refers to whom; none where there is no `main` to begin with.
    pub fn new(analysis: &'a Analysis<'a>) -> Option<StartupCalls<'a>> {
        analysis.symbols.find("main").filter(|main| analysis.live.contains(*main))?;
        let mut users: HashMap<SymbolId, BTreeSet<SymbolId>> = HashMap::new();
        for (name, atoms) in analysis.live.iter().chain(analysis.definitions().iter()) {
            for atom in atoms {
                for &target in &atom.object.out_edges[atom.index as usize] {
                    users.entry(target).or_default().insert(name);
                }
            }
        }
        let functions = analysis.registry.functions.iter();
        let slots = functions.filter_map(|(slot, function)| Some((function.body?, *slot)));
        let instances = analysis.registry.instances.iter().map(|(slot, body)| (*body, *slot));
        let slots = slots.chain(instances).collect();
        Some(StartupCalls { analysis, users, slots, again: HashMap::new() })
    }

    /// Returns the hot function with a slot, if it is called once.
    pub fn of(&mut self, slot: SymbolId) -> Option<Once> {
        let function = self.analysis.registry.functions.get(&slot)?;
        let own = item(&self.analysis.symbols.path(slot), &self.analysis.crates);
        if self.is_called_again(slot) {
            return None;
        }
        // The trampoline is a part of it.
        let mut from = BTreeSet::new();
        let mut seen = HashSet::from([slot]);
        let mut open = vec![slot];
        while let Some(name) = open.pop() {
            for user in self.users_of(name) {
                match item(&self.analysis.symbols.path(user), &self.analysis.crates) {
                    Some(item) if Some(&item) != own.as_ref() => _ = from.insert(item),
                    _ if seen.insert(user) => open.push(user),
                    _ => {}
                }
            }
        }
        let from: Vec<String> = from.into_iter().collect();
        // What nothing calls is another matter.
        (!from.is_empty()).then(|| Once { function: function.name.clone(), from })
    }

    fn is_called_again(&mut self, name: SymbolId) -> bool {
        if let Some(&known) = self.again.get(&name) {
            return known;
        }
        self.again.insert(name, false);
        let found = self.may_be_called_again(name);
        self.again.insert(name, found);
        found
    }

    fn may_be_called_again(&mut self, name: SymbolId) -> bool {
        let Analysis { symbols, crates, registry: hot, .. } = self.analysis;
        let path = symbols.path(name);
        // Not a closure in it, which may be a thread's.
        if crates.iter().any(|of| path == format!("{of}::main")) {
            return false;
        }
        let is_slot = hot.functions.contains_key(&name);
        if !is_slot && !symbols.is_mangled(name) {
            return symbols.text(name) != "main";
        }
        if self.is_coroutine(name) {
            // Of a closure or block in another: whoever was given that may call it as often as it
            // likes.
            return path.matches("{closure").count() > 1 || self.is_made_again(name);
        }
        self.users_of(name).into_iter().any(|user| {
            let calls = is_slot
                || self.copies(user).all(|user| !control_flow::refers_otherwise(user, name));
            let own_user = item(&symbols.path(user), crates);
            // The trampoline is no loop, and its address means the function's.
            let is_trampoline = is_slot && own_user == item(&path, crates);
            !calls
                || !is_trampoline
                    && self.copies(user).any(|user| control_flow::is_in_loop(user, name))
                || self.is_called_again(user)
        }) || self.is_held(name)
    }

    /// Reports whether a coroutine is made by something that is called again, or in a loop.
    fn is_made_again(&mut self, name: SymbolId) -> bool {
        let mut seen = HashSet::from([name]);
        let mut open = vec![name];
        while let Some(led_to) = open.pop() {
            if self.is_held(led_to) {
                return true;
            }
            for user in self.users_of(led_to) {
                let own = item(&self.analysis.symbols.path(user), &self.analysis.crates).is_some();
                // An executor polls it in a loop, and does not make it.
                let polls = led_to == name && !self.is_coroutine(user);
                if !own || polls {
                    if seen.insert(user) {
                        open.push(user);
                    }
                } else if self.copies(user).any(|user| control_flow::is_in_loop(user, led_to))
                    || self.is_called_again(user)
                {
                    return true;
                }
            }
        }
        false
    }

    /// Returns the code that refers to a name; to a hot function's body, the code that refers to
    /// its slot.
    fn users_of(&self, name: SymbolId) -> Vec<SymbolId> {
        let name = self.slots.get(&name).copied().unwrap_or(name);
        let users = self.users.get(&name).into_iter().flatten().copied();
        users.filter(|user| self.kind(*user) == Some(AtomKind::Text) && *user != name).collect()
    }

    /// Reports whether something other than code refers to a name: what stands in a static may be
    /// called at any time.
    fn is_held(&self, name: SymbolId) -> bool {
        if self.slots.contains_key(&name) {
            return false;
        }
        let mut users = self.users.get(&name).into_iter().flatten();
        users.any(|user| {
            matches!(
                self.kind(*user),
                Some(
                    AtomKind::Data
                        | AtomKind::ThreadLocal
                        | AtomKind::ReadOnly
                        | AtomKind::Merge { .. }
                )
            )
        })
    }

    fn kind(&self, name: SymbolId) -> Option<AtomKind> {
        self.copies(name).next().map(|atom| atom.atom().kind)
    }

    fn is_coroutine(&self, name: SymbolId) -> bool {
        is_async(self.copies(name), self.analysis.symbols)
    }

    /// Returns what runs under a name, and what comes.
    fn copies(&self, name: SymbolId) -> impl Iterator<Item = &'a AtomRef> + use<'a> {
        let (loaded, definitions) = (&self.analysis.live, self.analysis.definitions());
        loaded.copies(name).iter().chain(definitions.all(name))
    }
}
