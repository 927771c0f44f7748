//! Edits by hand: those that need thought, each with what must become of it.
//!
//! A sequence begins with the program's first source. All sequences of a program are run on one
//! process, one after another, with a way back in between, so that each also stands on the patches
//! of those before it.

use crate::{
    model::{Broken, Field, Function, Item, Kind, Model, Module, Operand, Step},
    program::{GUILD, LOOP, POOL, Program, SERVER},
    session::Session,
    tally::{Ending, Tally},
};

/// The outcome that an edit must have.
#[derive(Clone, Copy, Debug)]
enum Must {
    /// It goes live.
    Live,
    /// Nothing is swapped.
    NoEffect,
    /// It is refused, with this word.
    Refused(&'static str),
    /// It does not compile.
    Error,
    /// Whatever the tool decides, it is right.
    Right,
}

type Edit = fn(&mut Model);

struct Sequence {
    name: &'static str,
    programs: &'static [&'static Program],
    edits: &'static [(Edit, Must)],
}

const ALL: &[&Program] = &[&LOOP, &POOL, &SERVER, &GUILD];

static SEQUENCES: &[Sequence] = &[
    Sequence {
        name: "a field in a type whose values a static holds",
        programs: &[&LOOP, &GUILD],
        edits: &[(|m| field(m, "Order"), Must::Refused("layout"))],
    },
    Sequence {
        name: "a field in a type that only lives inside calls",
        programs: &[&LOOP],
        edits: &[(|m| field(m, "Line"), Must::Right), (|m| literal(m, "share"), Must::Live)],
    },
    Sequence {
        name: "a variant in an enum of which old values are kept",
        programs: &[&LOOP],
        edits: &[(|m| variant(m, "Mark", 2), Must::Refused("layout"))],
    },
    Sequence {
        name: "a variant in the messages that old threads receive",
        programs: &[&POOL],
        edits: &[
            (|m| variant(m, "Job", 3), Must::Refused("layout")),
            (|m| literal(m, "labour"), Must::Live),
        ],
    },
    Sequence {
        name: "a closure before others",
        programs: &[&LOOP, &GUILD],
        edits: &[
            (|m| push(m, "show", closure(5)), Must::Live),
            (|m| first(m, "show", closure(6)), Must::Live),
            (|m| drop(steps(m, "show").remove(0)), Must::Live),
        ],
    },
    Sequence {
        name: "a stored closure keeps its code, a new one has the new",
        programs: &[&POOL],
        edits: &[(|m| literal(m, "worker"), Must::Right), (|m| literal(m, "worker"), Must::Right)],
    },
    Sequence {
        name: "a method of the trait of old objects",
        programs: &[&LOOP],
        edits: &[
            (|m| m.methods.push(("more".into(), 3)), Must::Refused("layout")),
            (|m| literal(m, "Round"), Must::Right),
            (|m| literal(m, "Square"), Must::Live),
        ],
    },
    Sequence {
        name: "the body behind old and new trait objects",
        programs: &[&GUILD],
        edits: &[
            (|m| push(m, "page", Step::Dyn("Round".into())), Must::Live),
            (|m| literal(m, "Round"), Must::Live),
            (|m| literal(m, "border"), Must::Live),
        ],
    },
    Sequence {
        name: "a destructor of old values",
        programs: &[&LOOP, &POOL],
        edits: &[
            (|m| destructor(m, "Order", Some(8)), Must::Right),
            (|m| destructor(m, "Order", Some(9)), Must::Live),
            (|m| destructor(m, "Order", None), Must::Right),
        ],
    },
    Sequence {
        name: "the state of a future changes while one is in flight",
        programs: &[&SERVER],
        edits: &[
            (|m| push(m, "voyage", Step::Yield(true)), Must::Right),
            (|m| push(m, "voyage", op(5)), Must::Live),
            (|m| push(m, "fetch", Step::Yield(true)), Must::Right),
        ],
    },
    Sequence {
        name: "a thread-local is added, then used by old threads",
        programs: &[&LOOP, &POOL],
        edits: &[
            (|m| item(m, "book", "FRESH", Kind::Local(70, true)), Must::Right),
            (|m| push(m, "line", Step::Local("FRESH".into())), Must::Right),
            (|m| literal(m, "line"), Must::Live),
        ],
    },
    Sequence {
        name: "an instance that a patch uses first",
        programs: &[&LOOP, &GUILD],
        edits: &[
            (|m| push(m, "show", Step::Call("mixed".into(), "u128")), Must::Live),
            (|m| literal(m, "mixed"), Must::Live),
            (|m| push(m, "page", Step::Call("mixed".into(), "f64")), Must::Live),
        ],
    },
    Sequence {
        name: "a static moves to another module, and back",
        programs: &[&LOOP],
        edits: &[
            (|m| moved(m, "ASKED", "rule"), Must::Live),
            (|m| literal(m, "fee"), Must::Live),
            (|m| moved(m, "ASKED", "price"), Must::Live),
        ],
    },
    Sequence {
        name: "a static gets another name",
        programs: &[&POOL],
        edits: &[
            (|m| m.rename("ASKED", "WANTED"), Must::Live),
            (|m| literal(m, "fee"), Must::Live),
        ],
    },
    Sequence {
        name: "a static gets another type",
        programs: &[&LOOP],
        edits: &[(|m| *m.kind("ASKED") = Kind::Counter(100, 32), Must::Refused("static"))],
    },
    Sequence {
        name: "a constant moves to another crate",
        programs: &[&GUILD],
        edits: &[
            (|m| moved(m, "RATE", "keep"), Must::NoEffect),
            (|m| *m.kind("RATE") = Kind::Constant(9, None), Must::Live),
        ],
    },
    Sequence {
        name: "a constant that is a length in another crate",
        programs: &[&GUILD],
        edits: &[(|m| *m.kind("LEVEL") = Kind::Constant(43, None), Must::Live)],
    },
    Sequence {
        name: "hot functions come, change their place and name, and go",
        programs: ALL,
        edits: &[
            (|m| item(m, "rule", "warm", hot(vec![op(3)])), Must::Live),
            (|m| literal(m, "warm"), Must::Live),
            (|m| moved(m, "warm", "book"), Must::Live),
            (|m| literal(m, "warm"), Must::Live),
            (|m| m.rename("warm", "tepid"), Must::Live),
            (|m| literal(m, "tepid"), Must::Live),
            (|m| m.remove("tepid").expect("no other use"), Must::Live),
        ],
    },
    Sequence {
        name: "a function that old code calls becomes hot",
        programs: &[&LOOP, &GUILD],
        edits: &[
            (|m| m.function("border").hot = true, Must::Live),
            (|m| literal(m, "border"), Must::Live),
            (|m| *m.kind("blend") = Kind::Macro("add", 6), Must::Live),
        ],
    },
    Sequence {
        name: "another signature of a hot function",
        programs: &[&LOOP],
        edits: &[(|m| m.function("total").extra += 1, Must::Refused("signature"))],
    },
    Sequence {
        name: "a hot function with new code gets another name",
        programs: &[&GUILD],
        edits: &[
            (|m| literal(m, "judge"), Must::Live),
            (|m| m.rename("judge", "decide"), Must::Live),
            (|m| m.rename("decide", "judge"), Must::Live),
        ],
    },
    Sequence {
        name: "a file comes, gets another name, and goes",
        programs: &[&SERVER, &GUILD],
        edits: &[
            (file, Must::Live),
            (|m| at(m, "extra").name = "other".into(), Must::Right),
            (|m| literal(m, "share"), Must::Live),
            (
                |m| {
                    moved(m, "share", "rule");
                    m.modules.pop();
                },
                Must::Right,
            ),
        ],
    },
    Sequence {
        name: "an error in a dependent keeps everything back",
        programs: &[&GUILD, &POOL],
        edits: &[
            (
                |m| {
                    literal(m, "measure");
                    literal(m, "share");
                    m.broken = Some(Broken::Hidden("LEVEL".into()));
                },
                Must::Error,
            ),
            (|m| m.broken = None, Must::Live),
        ],
    },
    Sequence {
        name: "a macro of another crate",
        programs: &[&GUILD],
        edits: &[(|m| *m.kind("blend") = Kind::Macro("add", 5), Must::Live)],
    },
    Sequence {
        name: "a default of a trait's constant",
        programs: &[&GUILD],
        edits: &[(|m| m.weight = 12, Must::Right), (|m| literal(m, "measure"), Must::Live)],
    },
    Sequence {
        name: "track_caller comes and goes",
        programs: &[&LOOP],
        edits: &[
            (|m| m.function("fee").tracked = true, Must::Live),
            (|m| first(m, "total", closure(9)), Must::Live),
            (|m| m.function("fee").tracked = false, Must::Live),
        ],
    },
    Sequence {
        name: "a comment above, where a line is reported, and one below",
        programs: &[&LOOP],
        edits: &[
            (|m| at(m, "book").comments[0].push("above".into()), Must::Right),
            (|m| at(m, "book").comments[1].push("below".into()), Must::NoEffect),
        ],
    },
];

fn steps<'a>(model: &'a mut Model, name: &str) -> &'a mut Vec<Step> {
    model.kind(name).steps_mut().expect("steps")
}

fn push(model: &mut Model, name: &str, step: Step) {
    steps(model, name).push(step);
}

fn first(model: &mut Model, name: &str, step: Step) {
    steps(model, name).insert(0, step);
}

/// Another operation at the end, or one at all.
fn literal(model: &mut Model, name: &str) {
    model.made += 1;
    let by = model.made * 1001;
    push(model, name, op(by));
}

fn op(by: u64) -> Step {
    Step::Op("xor", Operand::Literal(by))
}

fn closure(by: u64) -> Step {
    Step::Closure {
        op: "add",
        by: Operand::Literal(by),
        captures: true,
        boxed: by.is_multiple_of(2),
    }
}

fn item(model: &mut Model, module: &str, name: &str, kind: Kind) {
    let module = model.module(module);
    model.add(module, name, kind);
}

fn hot(steps: Vec<Step>) -> Kind {
    Kind::Function(Function { hot: true, steps, ..Function::default() })
}

fn field(model: &mut Model, name: &str) {
    let Kind::Record { fields, .. } = model.kind(name) else { panic!("{name} is no struct") };
    fields.insert(1, ("note".into(), Field::Text));
}

fn variant(model: &mut Model, name: &str, at: usize) {
    let Kind::Choice { variants, .. } = model.kind(name) else { panic!("{name} is no enum") };
    variants.insert(at, ("Extra".into(), Some(Field::U32)));
}

fn destructor(model: &mut Model, name: &str, by: Option<u64>) {
    let Kind::Record { dropped, .. } = model.kind(name) else { panic!("{name} is no struct") };
    *dropped = by;
}

fn at<'a>(model: &'a mut Model, module: &str) -> &'a mut Module {
    let module = model.module(module);
    &mut model.modules[module]
}

fn moved(model: &mut Model, name: &str, to: &str) {
    let (from, place) = model.find(name).expect("an item");
    let item = model.modules[from].items.remove(place);
    at(model, to).items.push(item);
}

/// A new file in the crate of `rule`.
fn file(model: &mut Model) {
    let krate = at(model, "rule").krate;
    model.modules.push(Module {
        krate,
        name: "extra".into(),
        fixed: false,
        comments: [Vec::new(), Vec::new()],
        items: Vec::<Item>::new(),
    });
    moved(model, "share", "extra");
}

/// Runs the sequences of a program.
pub fn run(program: &'static Program) {
    let mut tally = Tally::default();
    let mut session = Session::start(program, 0);
    let mut number = 0;
    for sequence in SEQUENCES.iter().filter(|s| s.programs.iter().any(|p| p.name == program.name)) {
        let mut model = Model::new(program).back_from(&session.model());
        for (index, (edit, must)) in sequence.edits.iter().enumerate() {
            edit(&mut model);
            number += 1;
            let title = format!("{}: {}, edit {}", program.name, sequence.name, index + 1);
            let ending = session.save(&title, model.clone(), number);
            eprintln!("    {title}: {ending}");
            assert!(must.holds(&ending), "{title}: {ending}, but it must be {must:?}");
            tally.count(sequence.name, &ending);
        }
        number += 1;
        let title = format!("{}: back from {}", program.name, sequence.name);
        let back = Model::new(program).back_from(&session.model());
        if !session.is_at(&back) {
            let ending = session.save(&title, back, number);
            eprintln!("    {title}: {ending}");
            tally.count("back", &ending);
        }
    }
    session.finish();
    eprintln!("{} by hand: {tally}", program.name);
}

impl Must {
    fn holds(self, ending: &Ending) -> bool {
        match self {
            Must::Live => ending.outcome == "applied",
            Must::NoEffect => ending.outcome == "no-effect",
            Must::Refused(why) => ending.outcome == "refused" && ending.why.as_deref() == Some(why),
            Must::Error => ending.outcome == "compile-error",
            Must::Right => true,
        }
    }
}
