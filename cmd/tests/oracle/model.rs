//! The model that sources are generated from: modules of items, functions of steps.
//!
//! Every function takes a number and answers a number, and so does every step in between; that is
//! why any step can stand anywhere. Items are referred to by name, and names are unique, so that an
//! item can move without anything else having to change. `render` turns it all into Rust.

use crate::program::Program;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The generated sources of a program.
#[derive(Clone)]
pub struct Model {
    /// Which program.
    pub program: &'static Program,
    /// The generated modules.
    pub modules: Vec<Module>,
    /// The error in it, if it has one.
    pub broken: Option<Broken>,
    /// How often `state.rs` was edited.
    pub revision: u64,
    /// Default methods that the trait `Shape` has besides `twice`.
    pub methods: Vec<(String, u64)>,
    /// The default of the trait `Rule`'s constant.
    pub weight: u64,
    /// How often a line was added that only marks the end of what came before.
    pub marks: u64,
    /// Names given so far.
    pub made: u64,
}

/// Why it does not compile.
#[derive(Clone, Debug)]
pub enum Broken {
    /// A type error in this module.
    Type(usize),
    /// A brace too many in this module.
    Syntax(usize),
    /// This item is private, but another module names it.
    Hidden(String),
}

/// One file.
#[derive(Clone)]
pub struct Module {
    /// Its crate.
    pub krate: &'static str,
    /// Its name.
    pub name: String,
    /// The program's handwritten part names it, so that it must stay.
    pub fixed: bool,
    /// Lines of comment at its beginning and at its end.
    pub comments: [Vec<String>; 2],
    /// Its items, in order.
    pub items: Vec<Item>,
}

/// An item.
#[derive(Clone)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
}

/// The kind of an item.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// A function.
    Function(Function),
    /// A `const`, and another that it is made from.
    Constant(u64, Option<String>),
    /// An immutable static.
    Table(Vec<u64>),
    /// An immutable static of function pointers.
    Dispatch(Vec<String>),
    /// A static counter that begins with this, of so many bits.
    Counter(u64, u64),
    /// A thread-local counter that begins with this, const or lazy.
    Local(u64, bool),
    /// A macro by example.
    Macro(&'static str, u64),
    /// A struct. Values of a stored one live in a static from the start. A dropped one has a
    /// destructor that leaves this.
    Record {
        fields: Vec<(String, Field)>,
        derives: Vec<&'static str>,
        stored: bool,
        dropped: Option<u64>,
    },
    /// An enum. Values of a stored one are of its first two variants, or sent to other threads.
    Choice { variants: Vec<(String, Option<Field>)>, stored: bool },
    /// A type with traits. Values of a stored one are kept boxed from the start.
    Shape {
        fields: u64,
        hot: bool,
        dropped: Option<u64>,
        stored: bool,
        weight: Option<u64>,
        steps: Vec<Step>,
    },
}

/// The kind of a function, besides its steps.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Form {
    /// One that anything may be done to.
    #[default]
    Free,
    /// A hot function that the program's handwritten part calls: it stays as it is, but for its
    /// steps.
    Fixed,
    /// A hot method of `Cart`.
    Method,
    /// Nothing hot may call it, the handwritten part does.
    Aloof,
    /// A fixed one that waits at the gate first.
    Waiting,
    /// Answers a boxed closure of its steps, of which one is kept from the start.
    Worker,
}

/// The parameter that a function is generic over.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Generic {
    /// Nothing.
    #[default]
    No,
    /// The type of its number.
    Number,
    /// A length.
    Length,
    /// A shape, of which it gets a reference.
    Shape,
}

/// A function.
#[derive(Clone, Default, PartialEq)]
pub struct Function {
    /// It is hot.
    pub hot: bool,
    /// Its kind, which limits the edits.
    pub form: Form,
    /// Its generic parameter.
    pub generic: Generic,
    /// It is async.
    pub task: bool,
    /// Parameters besides the number.
    pub extra: u64,
    /// Its inline attribute, if it has one.
    pub inline: Option<&'static str>,
    /// It has `#[track_caller]`.
    pub tracked: bool,
    /// It is public although no other module needs it.
    pub public: bool,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// The type of a field.
#[derive(Clone, PartialEq, Debug)]
pub enum Field {
    U8,
    U32,
    U64,
    Bool,
    Text,
    Maybe,
    Bytes,
    Choice(String),
}

/// A number in the source.
#[derive(Clone, PartialEq)]
pub enum Operand {
    Literal(u64),
    Constant(String),
}

/// An operation on the number.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// An operator.
    Op(&'static str, Operand),
    /// A call, of an instance if it is generic over numbers.
    Call(String, &'static str),
    /// A call of a function that is generic over a length.
    Sized(String, Operand),
    /// A call of a function that is generic over a shape, with a shape.
    Measure(String, String),
    /// A call of an async function, and what is done with its future.
    Await(String, usize),
    /// A closure; captured, boxed.
    Closure { op: &'static str, by: Operand, captures: bool, boxed: bool },
    /// A match on the remainder.
    Match { modulus: u64, arms: Vec<(u64, &'static str, u64)> },
    /// A format string.
    Text(String),
    /// A macro.
    Expand(String),
    /// A value of a record, made and weighed.
    Make(String),
    /// A value of an enum, made and weighed.
    Choose(String),
    /// A value of a record or enum, sent to another thread.
    Send(String),
    /// A call of a fresh trait object.
    Dyn(String),
    /// Something of std.
    Std(usize),
    /// Where it stands: the line, the module.
    Here(bool),
    /// A place where a future can wait, and what lives across it.
    Yield(bool),
    /// One more in a static counter.
    Count(String),
    /// One more in a thread-local counter.
    Local(String),
    /// One more in a static of the function's own, of which there may be several of one name.
    Own(u64),
    /// A look into a table.
    Lookup(String),
    /// A call through a static of function pointers.
    Jump(String),
    /// A panic, caught, when the number is divisible by this.
    Unwind(u64),
}

/// The operators.
pub const OPS: [&str; 6] = ["add", "sub", "mul", "xor", "rotate", "divide"];

impl Model {
    /// Adds an item to a module.
    pub fn add(&mut self, module: usize, name: &str, kind: Kind) {
        self.modules[module].items.push(Item { name: name.to_owned(), kind });
    }

    /// This, an earlier state of a model, with the names that were given since taken.
    pub fn back_from(&self, later: &Model) -> Model {
        Model { made: later.made, ..self.clone() }
    }

    /// A name that was never given before.
    pub fn name(&mut self, stem: &str) -> String {
        self.made += 1;
        format!("{}{}", stem.trim_end_matches(|c: char| c.is_ascii_digit()), self.made)
    }

    /// Where an item is: its module and its place in it.
    pub fn find(&self, name: &str) -> Option<(usize, usize)> {
        self.modules.iter().enumerate().find_map(|(m, module)| {
            Some((m, module.items.iter().position(|item| item.name == name)?))
        })
    }

    /// An item that must exist.
    pub fn item(&self, name: &str) -> &Item {
        let (m, i) = self.find(name).unwrap_or_else(|| panic!("no item is called {name}"));
        &self.modules[m].items[i]
    }

    /// An item that must exist.
    pub fn kind(&mut self, name: &str) -> &mut Kind {
        let (m, i) = self.find(name).unwrap_or_else(|| panic!("no item is called {name}"));
        &mut self.modules[m].items[i].kind
    }

    /// A function that must exist.
    pub fn function(&mut self, name: &str) -> &mut Function {
        match self.kind(name) {
            Kind::Function(function) => function,
            _ => panic!("{name} is no function"),
        }
    }

    /// The module of a name; it must exist.
    pub fn module(&self, name: &str) -> usize {
        let found = self.modules.iter().position(|module| module.name == name);
        found.unwrap_or_else(|| panic!("no module is called {name}"))
    }

    /// The items for which something holds, by name.
    pub fn all(&self, holds: impl Fn(usize, &Item) -> bool) -> Vec<String> {
        let modules = self.modules.iter().enumerate();
        modules
            .flat_map(|(m, module)| module.items.iter().map(move |item| (m, item)))
            .filter(|(m, item)| holds(*m, item))
            .map(|(_, item)| item.name.clone())
            .collect()
    }

    /// The functions for which something holds, by name.
    pub fn functions(&self, holds: impl Fn(&Function) -> bool) -> Vec<String> {
        self.all(|_, item| matches!(&item.kind, Kind::Function(f) if holds(f)))
    }

    /// Reports whether items of the second module may name those of the first.
    pub fn visible(&self, module: usize, from: usize) -> bool {
        let rank = |m: usize| self.program.rank(self.modules[m].krate);
        rank(module) <= rank(from)
    }

    /// Returns the functions that run when this one does, and the most steps that each makes.
    pub fn run_by(&self, name: &str) -> HashMap<String, u64> {
        let mut below = HashMap::new();
        let mut open = vec![(name.to_owned(), 1)];
        while let Some((name, times)) = open.pop() {
            let sum = below.entry(name.clone()).or_insert(0);
            *sum += times;
            if *sum > 1000 {
                // It may not end at all.
                return below;
            }
            let kind = &self.item(&name).kind;
            if let Kind::Dispatch(functions) = kind {
                open.extend(functions.iter().map(|function| (function.clone(), times)));
            }
            let Some(steps) = kind.steps() else { continue };
            for step in steps {
                match step {
                    Step::Call(other, _) | Step::Sized(other, _) | Step::Jump(other) => {
                        open.push((other.clone(), times));
                    }
                    Step::Await(other, _) => open.push((other.clone(), 2 * times)),
                    // `twice` calls it twice.
                    Step::Dyn(other) => open.push((other.clone(), 2 * times)),
                    Step::Measure(function, shape) => {
                        open.push((function.clone(), times));
                        open.push((shape.clone(), 2 * times));
                    }
                    _ => {}
                }
            }
        }
        below
    }

    /// This and all that it names, and so on.
    pub fn led_by(&self, name: &str) -> BTreeSet<String> {
        let (mut found, mut open) = (BTreeSet::new(), vec![name.to_owned()]);
        while let Some(name) = open.pop() {
            if found.insert(name.clone()) {
                open.extend(self.item(&name).kind.refs());
            }
        }
        found
    }

    /// The items that name this one, each with its module.
    pub fn users(&self, name: &str) -> Vec<(usize, String)> {
        let mut users = Vec::new();
        for (m, module) in self.modules.iter().enumerate() {
            for item in &module.items {
                if item.kind.names(name) {
                    users.push((m, item.name.clone()));
                }
            }
        }
        users
    }

    /// Gives an item another name, wherever it stands.
    pub fn rename(&mut self, name: &str, new: &str) {
        for item in self.modules.iter_mut().flat_map(|module| &mut module.items) {
            if item.name == name {
                new.clone_into(&mut item.name);
            }
            for named in item.kind.refs_mut().into_iter().filter(|named| *named == name) {
                new.clone_into(named);
            }
        }
    }

    /// Takes an item away, with all steps that name it. `None` if more than steps do.
    pub fn remove(&mut self, name: &str) -> Option<()> {
        let (m, i) = self.find(name)?;
        self.modules[m].items.remove(i);
        for (_, user) in self.users(name) {
            self.kind(&user).steps_mut()?.retain(|step| !step.names(name));
        }
        self.users(name).is_empty().then_some(())
    }

    /// Returns layouts, signatures of hot functions, types of statics and methods of traits, for
    /// each item that has one.
    pub fn shapes(&self) -> BTreeMap<String, String> {
        let mut shapes = BTreeMap::new();
        for module in &self.modules {
            for Item { name, kind } in &module.items {
                let shape = match kind {
                    Kind::Record { fields, .. } => format!("{fields:?}"),
                    Kind::Choice { variants, .. } => format!("{variants:?}"),
                    Kind::Shape { fields, .. } => format!("{fields}"),
                    Kind::Counter(_, bits) => format!("{bits}"),
                    Kind::Function(f) if f.hot => {
                        format!("{} {} {}", f.extra, f.task, f.generic as u8)
                    }
                    _ => continue,
                };
                shapes.insert(name.clone(), shape);
            }
        }
        let stored = self.all(|_, item| {
            matches!(
                item.kind,
                Kind::Record { stored: true, .. }
                    | Kind::Choice { stored: true, .. }
                    | Kind::Shape { stored: true, .. }
            )
        });
        shapes.insert("what is stored".into(), stored.join(" "));
        shapes.insert("the trait's methods".into(), format!("{:?}", self.methods));
        shapes
    }

    /// Reports whether something that both have has another layout or signature in the other.
    pub fn lies_otherwise(&self, other: &Model) -> bool {
        let others = other.shapes();
        self.shapes().iter().any(|(name, shape)| others.get(name).is_some_and(|o| o != shape))
    }
}

impl Kind {
    /// Its steps, if it has any.
    pub fn steps(&self) -> Option<&Vec<Step>> {
        match self {
            Kind::Function(function) => Some(&function.steps),
            Kind::Shape { steps, .. } => Some(steps),
            _ => None,
        }
    }

    /// Its steps, if it has any.
    pub fn steps_mut(&mut self) -> Option<&mut Vec<Step>> {
        match self {
            Kind::Function(function) => Some(&mut function.steps),
            Kind::Shape { steps, .. } => Some(steps),
            _ => None,
        }
    }

    /// The items that it names.
    fn refs_mut(&mut self) -> Vec<&mut String> {
        match self {
            Kind::Constant(_, Some(other)) => vec![other],
            Kind::Dispatch(functions) => functions.iter_mut().collect(),
            Kind::Record { fields, .. } => {
                fields.iter_mut().filter_map(|(_, field)| field.names_mut()).collect()
            }
            Kind::Choice { variants, .. } => {
                variants.iter_mut().filter_map(|(_, f)| f.as_mut()?.names_mut()).collect()
            }
            _ => self.steps_mut().into_iter().flatten().flat_map(Step::refs_mut).collect(),
        }
    }

    /// The items that it names.
    pub fn refs(&self) -> Vec<String> {
        self.clone().refs_mut().into_iter().map(std::mem::take).collect()
    }

    /// Reports whether it names an item.
    pub fn names(&self, name: &str) -> bool {
        self.clone().refs_mut().into_iter().any(|named| named == name)
    }
}

impl Field {
    fn names_mut(&mut self) -> Option<&mut String> {
        match self {
            Field::Choice(name) => Some(name),
            _ => None,
        }
    }
}

impl Step {
    /// The items that it names.
    fn refs_mut(&mut self) -> Vec<&mut String> {
        match self {
            Step::Op(_, by) | Step::Closure { by, .. } => by.names_mut().into_iter().collect(),
            Step::Sized(n, by) => by.names_mut().into_iter().chain([n]).collect(),
            Step::Measure(n, shape) => vec![n, shape],
            Step::Call(n, _)
            | Step::Await(n, _)
            | Step::Expand(n)
            | Step::Make(n)
            | Step::Choose(n)
            | Step::Send(n)
            | Step::Dyn(n)
            | Step::Count(n)
            | Step::Local(n)
            | Step::Lookup(n)
            | Step::Jump(n) => vec![n],
            Step::Match { .. }
            | Step::Text(_)
            | Step::Std(_)
            | Step::Here(_)
            | Step::Own(_)
            | Step::Yield(_)
            | Step::Unwind(_) => Vec::new(),
        }
    }

    /// Reports whether it names an item.
    pub fn names(&self, name: &str) -> bool {
        self.clone().refs_mut().into_iter().any(|named| named == name)
    }

    /// Reports whether it can only stand in an async function.
    pub fn waits(&self) -> bool {
        matches!(self, Step::Await(..) | Step::Yield(_))
    }
}

impl Operand {
    fn names_mut(&mut self) -> Option<&mut String> {
        match self {
            Operand::Constant(name) => Some(name),
            Operand::Literal(_) => None,
        }
    }
}
