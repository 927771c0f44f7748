//! What the generated sources are made from: modules of items, functions of steps.
//!
//! Every function takes a number and answers a number, and so does every step in between; that is
//! why any step can stand anywhere. Items are referred to by name, and names are unique, so that an
//! item can move without anything else having to change. `render` turns it all into Rust.

use std::collections::HashMap;

/// The sources of both crates.
#[derive(Clone)]
pub struct Model {
    /// The generated modules.
    pub modules: Vec<Module>,
    /// The module with an error in it, if one has.
    pub broken: Option<usize>,
    /// How often `state.rs` was edited.
    pub revision: u64,
    /// Default methods that the trait has besides `twice`.
    pub methods: Vec<(String, u64)>,
    made: u64,
}

/// One file.
#[derive(Clone)]
pub struct Module {
    /// Its crate.
    pub krate: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Lines of comment at its beginning and at its end.
    pub comments: [Vec<String>; 2],
    /// What is in it, in order.
    pub items: Vec<Item>,
}

/// An item.
#[derive(Clone)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What an item is.
#[derive(Clone)]
pub enum Kind {
    /// A function.
    Function(Function),
    /// A `const`.
    Constant(u64),
    /// An immutable static.
    Table(Vec<u64>),
    /// A static counter that begins with this.
    Counter(u64),
    /// A thread-local counter that begins with this, const or lazy.
    Local(u64, bool),
    /// A struct. Values of a stored one live in a static from the start.
    Record { fields: Vec<(String, Field)>, derives: Vec<&'static str>, stored: bool },
    /// An enum. Values of a stored one are of its first two variants.
    Choice { variants: Vec<(String, Option<Field>)>, stored: bool },
    /// A type with a trait. Values of a stored one are kept boxed from the start.
    Shape { fields: u64, hot: bool, dropped: bool, stored: bool, steps: Vec<Step> },
}

/// A function.
#[derive(Clone, Default)]
pub struct Function {
    /// Whether it is hot. Those exist from the start and stay.
    pub hot: bool,
    /// Whether it is a method of `Cart`.
    pub method: bool,
    /// Whether nothing hot may call it.
    pub aloof: bool,
    /// Parameters besides the number.
    pub extra: u64,
    /// Whether the number is of a type parameter.
    pub generic: bool,
    /// Its inline attribute, if it has one.
    pub inline: Option<&'static str>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// The type of a field.
#[derive(Clone, PartialEq)]
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
#[derive(Clone)]
pub enum Operand {
    Literal(u64),
    Constant(String),
}

/// What is done with the number.
#[derive(Clone)]
pub enum Step {
    /// An operator.
    Op(&'static str, Operand),
    /// A call, of an instance if it is generic.
    Call(String, &'static str),
    /// A closure; captured, boxed.
    Closure { op: &'static str, by: Operand, captures: bool, boxed: bool },
    /// A match on the remainder.
    Match { modulus: u64, arms: Vec<(u64, &'static str, u64)> },
    /// A format string.
    Text(String),
    /// A value of a record, made and weighed.
    Make(String),
    /// A value of an enum, made and weighed.
    Choose(String),
    /// A call of a fresh trait object.
    Dyn(String),
    /// Something of std.
    Std(usize),
    /// One more in a static counter.
    Count(String),
    /// One more in a thread-local counter.
    Local(String),
    /// A look into a table.
    Lookup(String),
    /// A panic, caught, when the number is divisible by this.
    Unwind(u64),
}

/// The operators.
pub const OPS: [&str; 6] = ["add", "sub", "mul", "xor", "rotate", "divide"];

impl Model {
    /// What every sequence begins with.
    pub fn new() -> Model {
        let module = |krate, name| Module {
            krate,
            name,
            comments: [Vec::new(), Vec::new()],
            items: Vec::new(),
        };
        let mut model = Model {
            modules: vec![
                module("stock", "price"),
                module("stock", "rule"),
                module("stock", "keep"),
                module("app", "book"),
            ],
            broken: None,
            revision: 0,
            methods: Vec::new(),
            made: 0,
        };
        let literal = Operand::Literal;
        let constant = |name: &str| Operand::Constant(name.to_owned());
        let call = |name: &str| Step::Call(name.to_owned(), "u64");
        let hot = |steps| Kind::Function(Function { hot: true, steps, ..Function::default() });
        let plain = |steps| Kind::Function(Function { steps, ..Function::default() });
        let add = |by| Step::Op("add", by);
        let closure = |boxed: bool| Step::Closure {
            op: "xor",
            by: Operand::Literal(91),
            captures: !boxed,
            boxed,
        };
        let steps = vec![
            add(literal(17)),
            call("fee"),
            Step::Count("ASKED".into()),
            Step::Call("mixed".into(), "u32"),
        ];
        model.add(0, "total", hot(steps));
        let steps = vec![closure(false), Step::Lookup("RATES".into()), call("fee")];
        let cart = Function { hot: true, method: true, steps, ..Function::default() };
        model.add(0, "sum", Kind::Function(cart));
        model.add(0, "quote", hot(vec![Step::Text("quoted".into()), call("judgement")]));
        let aloof = Function { aloof: true, steps: vec![add(literal(3))], ..Function::default() };
        model.add(0, "footer", Kind::Function(aloof));
        let steps = vec![Step::Op("mul", literal(3)), add(constant("LEVEL")), call("share")];
        model.add(0, "fee", plain(steps));
        model.add(
            1,
            "share",
            plain(vec![Step::Op("xor", literal(4000)), Step::Make("Line".into())]),
        );
        let steps = vec![Step::Op("xor", literal(12)), closure(true)];
        let generic = Function { generic: true, steps, ..Function::default() };
        model.add(0, "mixed", Kind::Function(generic));
        model.add(0, "LEVEL", Kind::Constant(40));
        model.add(0, "RATES", Kind::Table(vec![5, 6, 7]));
        model.add(0, "ASKED", Kind::Counter(100));
        let arms = vec![(0, "add", 5), (2, "xor", 77)];
        let steps = vec![Step::Match { modulus: 5, arms }, call("judgement"), closure(false)];
        model.add(1, "judge", hot(steps));
        let steps = vec![Step::Choose("Size".into()), Step::Local("SEEN".into())];
        model.add(1, "judgement", plain(steps));
        model.add(1, "weight", hot(vec![Step::Make("Line".into()), Step::Std(0), Step::Unwind(3)]));
        let fields = vec![("a".into(), Field::U32), ("b".into(), Field::Text)];
        let derives = vec!["Debug"];
        model.add(1, "Line", Kind::Record { fields, derives: derives.clone(), stored: false });
        let variants = |first: &str| {
            vec![
                (first.to_owned(), None),
                ("Large".into(), Some(Field::U64)),
                ("Named".into(), Some(Field::Text)),
            ]
        };
        model.add(1, "Size", Kind::Choice { variants: variants("Small"), stored: false });
        model.add(1, "SEEN", Kind::Local(200, false));
        let fields = vec![
            ("id".into(), Field::U64),
            ("name".into(), Field::Text),
            ("mark".into(), Field::Choice("Mark".into())),
        ];
        model.add(2, "Order", Kind::Record { fields, derives, stored: true });
        model.add(2, "Mark", Kind::Choice { variants: variants("Plain"), stored: true });
        for (name, hot) in [("Square", true), ("Round", false)] {
            let steps = vec![Step::Op("mul", literal(7)), call("border")];
            model.add(2, name, Kind::Shape { fields: 1, hot, dropped: hot, stored: true, steps });
        }
        model.add(2, "border", plain(vec![add(constant("LEVEL"))]));
        model.add(2, "HELD", Kind::Local(300, true));
        let steps = vec![call("line"), Step::Call("mixed".into(), "u32"), call("share")];
        model.add(3, "show", hot(steps));
        let steps = vec![add(constant("LEVEL")), Step::Dyn("Square".into()), closure(false)];
        model.add(3, "page", hot(steps));
        let steps = vec![Step::Text("a line".into()), Step::Call("mixed".into(), "u64")];
        model.add(3, "line", plain(steps));
        model.add(3, "SHOWN", Kind::Counter(0));
        model.add(3, "TURNED", Kind::Local(0, false));
        model
    }

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
        format!("{stem}{}", self.made)
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

    /// The items for which something holds, by name.
    pub fn all(&self, holds: impl Fn(usize, &Item) -> bool) -> Vec<String> {
        let modules = self.modules.iter().enumerate();
        modules
            .flat_map(|(m, module)| module.items.iter().map(move |item| (m, item)))
            .filter(|(m, item)| holds(*m, item))
            .map(|(_, item)| item.name.clone())
            .collect()
    }

    /// Whether items of the second module may name those of the first.
    pub fn visible(&self, module: usize, from: usize) -> bool {
        self.modules[module].krate == "stock" || self.modules[from].krate == "app"
    }

    /// What else is run when this is, and how many steps that makes at most.
    pub fn run_by(&self, name: &str) -> HashMap<String, u64> {
        let mut below = HashMap::new();
        let mut open = vec![(name.to_owned(), 1)];
        while let Some((name, times)) = open.pop() {
            *below.entry(name.clone()).or_insert(0) += times;
            let Some(steps) = self.item(&name).kind.steps() else { continue };
            for step in steps {
                match step {
                    Step::Call(other, _) => open.push((other.clone(), times)),
                    // `twice` calls it twice.
                    Step::Dyn(other) => open.push((other.clone(), 2 * times)),
                    _ => {}
                }
            }
        }
        below
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

    /// Whether it names an item.
    fn names(&self, name: &str) -> bool {
        let fields = match self {
            Kind::Record { fields, .. } => fields.as_slice(),
            _ => &[],
        };
        self.steps().is_some_and(|steps| steps.iter().any(|step| step.names(name)))
            || fields.iter().any(|(_, field)| matches!(field, Field::Choice(n) if n == name))
    }
}

impl Step {
    /// Whether it names an item.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Step::Op(_, by) | Step::Closure { by, .. } => {
                matches!(by, Operand::Constant(n) if n == name)
            }
            Step::Call(n, _)
            | Step::Make(n)
            | Step::Choose(n)
            | Step::Dyn(n)
            | Step::Count(n)
            | Step::Local(n)
            | Step::Lookup(n) => n == name,
            Step::Match { .. } | Step::Text(_) | Step::Std(_) | Step::Unwind(_) => false,
        }
    }
}
