//! The source that every sequence of edits begins with.

use crate::{
    model::{Field, Form, Function, Generic, Kind, Model, Module, Operand, Step},
    program::Program,
};

impl Model {
    /// The first sources of a program.
    pub fn new(program: &'static Program) -> Model {
        let modules = program.crates.iter().flat_map(|krate| {
            krate.modules.iter().map(|name| Module {
                krate: krate.name,
                name: (*name).to_owned(),
                fixed: ["keep", "book"].contains(name),
                comments: [Vec::new(), Vec::new()],
                items: Vec::new(),
            })
        });
        let mut model = Model {
            program,
            modules: modules.collect(),
            broken: None,
            revision: 0,
            methods: Vec::new(),
            weight: 3,
            marks: 0,
            made: 0,
        };
        keep(&mut model);
        rule(&mut model);
        price(&mut model);
        book(&mut model);
        if program.tasks {
            tasks(&mut model);
        }
        model
    }
}

fn literal(value: u64) -> Operand {
    Operand::Literal(value)
}

fn constant(name: &str) -> Operand {
    Operand::Constant(name.to_owned())
}

fn call(name: &str) -> Step {
    Step::Call(name.to_owned(), "u64")
}

fn add(by: Operand) -> Step {
    Step::Op("add", by)
}

fn closure(boxed: bool) -> Step {
    Step::Closure { op: "xor", by: literal(91), captures: !boxed, boxed }
}

fn function(form: Form, steps: Vec<Step>) -> Kind {
    let hot = matches!(form, Form::Fixed | Form::Method | Form::Waiting);
    Kind::Function(Function { hot, form, steps, ..Function::default() })
}

fn plain(steps: Vec<Step>) -> Kind {
    function(Form::Free, steps)
}

fn hot(steps: Vec<Step>) -> Kind {
    Kind::Function(Function { hot: true, steps, ..Function::default() })
}

fn generic(hot: bool, generic: Generic, steps: Vec<Step>) -> Kind {
    Kind::Function(Function { hot, generic, steps, ..Function::default() })
}

fn task(hot: bool, form: Form, steps: Vec<Step>) -> Kind {
    Kind::Function(Function { hot, form, task: true, steps, ..Function::default() })
}

fn variants(first: &str) -> Vec<(String, Option<Field>)> {
    let named = |name: &str, field| (name.to_owned(), field);
    vec![named(first, None), named("Large", Some(Field::U64)), named("Named", Some(Field::Text))]
}

/// Returns the items that are kept from the start, and those that all crates use.
fn keep(model: &mut Model) {
    let m = model.module("keep");
    let fields = vec![
        ("id".into(), Field::U64),
        ("name".into(), Field::Text),
        ("mark".into(), Field::Choice("Mark".into())),
    ];
    let derives = vec!["Debug"];
    model.add(m, "Order", Kind::Record { fields, derives, stored: true, dropped: None });
    model.add(m, "Mark", Kind::Choice { variants: variants("Plain"), stored: true });
    model.add(m, "Job", Kind::Choice { variants: variants("Idle"), stored: true });
    for (name, hot) in [("Square", true), ("Round", false)] {
        let steps = vec![Step::Op("mul", literal(7)), call("border")];
        let (dropped, weight) = (hot.then_some(6), hot.then_some(11));
        let kind = Kind::Shape { fields: 1, hot, dropped, stored: true, weight, steps };
        model.add(m, name, kind);
    }
    let steps = vec![add(constant("LEVEL")), Step::Expand("blend".into())];
    model.add(m, "border", plain(steps));
    model.add(m, "LEVEL", Kind::Constant(40, None));
    model.add(m, "blend", Kind::Macro("xor", 21));
    model.add(m, "HELD", Kind::Local(300, true));
    model.add(m, "measure", generic(false, Generic::Shape, vec![add(literal(2))]));
    model.add(m, "fold", generic(false, Generic::Length, vec![Step::Op("xor", literal(5))]));
    model.add(m, "footer", function(Form::Aloof, vec![add(literal(3)), call("border")]));
    model.add(m, "worker", function(Form::Worker, vec![Step::Op("mul", literal(9))]));
    model.add(m, "labour", function(Form::Fixed, vec![Step::Op("rotate", literal(9))]));
    let steps = vec![add(literal(1)), call("border"), closure(true)];
    model.add(m, "journey", function(Form::Waiting, steps));
}

fn rule(model: &mut Model) {
    let m = model.module("rule");
    let steps = vec![Step::Op("xor", literal(4000)), Step::Make("Line".into())];
    model.add(m, "share", plain(steps));
    let steps = vec![Step::Op("xor", literal(12)), closure(true)];
    model.add(m, "mixed", generic(false, Generic::Number, steps));
    let arms = vec![(0, "add", 5), (2, "xor", 77)];
    let steps = vec![Step::Match { modulus: 5, arms }, call("judgement"), closure(false)];
    model.add(m, "judge", hot(steps));
    let steps = vec![Step::Choose("Size".into()), Step::Local("SEEN".into())];
    model.add(m, "judgement", plain(steps));
    let steps = vec![
        Step::Make("Line".into()),
        Step::Std(0),
        Step::Unwind(3),
        Step::Sized("fold".into(), constant("LEVEL")),
    ];
    model.add(m, "weight", hot(steps));
    let fields = vec![("a".into(), Field::U32), ("b".into(), Field::Text)];
    let derives = vec!["Debug"];
    model.add(m, "Line", Kind::Record { fields, derives, stored: false, dropped: Some(4) });
    model.add(m, "Size", Kind::Choice { variants: variants("Small"), stored: false });
    model.add(m, "SEEN", Kind::Local(200, false));
}

fn price(model: &mut Model) {
    let m = model.module("price");
    let steps = vec![
        add(literal(17)),
        call("fee"),
        Step::Count("ASKED".into()),
        Step::Call("mixed".into(), "u32"),
    ];
    model.add(m, "total", hot(steps));
    let steps = vec![closure(false), Step::Lookup("RATES".into()), call("fee")];
    model.add(m, "sum", function(Form::Method, steps));
    let steps = vec![Step::Text("quoted".into()), call("judgement"), Step::Here(true)];
    model.add(m, "quote", hot(steps));
    let steps = vec![Step::Op("xor", literal(8)), call("fee")];
    model.add(m, "scale", generic(true, Generic::Number, steps));
    let steps = vec![Step::Op("mul", literal(3)), add(constant("RATE")), call("share")];
    model.add(m, "fee", plain(steps));
    model.add(m, "RATE", Kind::Constant(7, Some("LEVEL".into())));
    model.add(m, "RATES", Kind::Table(vec![5, 6, 7]));
    model.add(m, "ASKED", Kind::Counter(100, 64));
}

fn book(model: &mut Model) {
    let m = model.module("book");
    let steps = vec![
        call("line"),
        Step::Call("mixed".into(), "u32"),
        call("share"),
        Step::Measure("measure".into(), "Square".into()),
    ];
    model.add(m, "show", hot(steps));
    let steps = vec![add(constant("LEVEL")), Step::Dyn("Square".into()), closure(false)];
    model.add(m, "page", hot(steps));
    let steps = vec![
        Step::Text("a line".into()),
        Step::Call("mixed".into(), "u64"),
        Step::Expand("blend".into()),
    ];
    model.add(m, "line", plain(steps));
    model.add(m, "SHOWN", Kind::Counter(0, 32));
    model.add(m, "TURNED", Kind::Local(0, false));
}

fn tasks(model: &mut Model) {
    let (keep, rule) = (model.module("keep"), model.module("rule"));
    let (price, book) = (model.module("price"), model.module("book"));
    let steps = vec![add(literal(2)), call("border"), Step::Yield(true)];
    model.add(keep, "voyage", task(true, Form::Waiting, steps));
    let steps = vec![Step::Yield(false), add(literal(31)), call("judgement")];
    model.add(rule, "fetch", task(false, Form::Free, steps));
    let steps = vec![Step::Await("fetch".into(), 1), Step::Yield(true), call("fee")];
    model.add(price, "deliver", task(true, Form::Free, steps));
    let steps = vec![Step::Await("fetch".into(), 0), Step::Await("deliver".into(), 2)];
    model.add(book, "visit", task(true, Form::Fixed, steps));
}
