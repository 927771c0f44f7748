//! Edits, each a mutation of the model.

mod functions;
mod places;
mod steps;
mod types;

use crate::{
    chance::Chance,
    model::{Broken, Kind, Model, OPS, Operand, Step},
    render,
};

/// A mutation. `None` when there is nothing to do it to.
type Mutation = fn(&mut Model, &mut Chance) -> Option<()>;

/// Edits that change no layout and no signature of a hot function, by the kind under which they
/// are counted.
const CALM: &[(&str, Mutation)] = &[
    ("operator", steps::operator),
    ("literal", steps::literal),
    ("string", steps::string),
    ("std added", steps::std_added),
    ("line or module added", steps::here_added),
    ("call added", steps::call_added),
    ("call removed", steps::call_removed),
    ("closure added", steps::closure_added),
    ("closure removed", steps::closure_removed),
    ("arm added", steps::arm_added),
    ("arm removed", steps::arm_removed),
    ("panic added", steps::panic_added),
    ("message sent", steps::message_sent),
    ("await added", steps::await_added),
    ("await removed", steps::await_removed),
    ("function added", functions::added),
    ("function removed", functions::removed),
    ("async function added", functions::async_added),
    ("generic added", functions::generic_added),
    ("const generic added", functions::sized_added),
    ("instance changed", functions::instance),
    ("function pointer added", functions::pointer),
    ("parameter added", functions::parameter_added),
    ("parameter removed", functions::parameter_removed),
    ("inline changed", functions::inline),
    ("track_caller changed", functions::tracked),
    ("visibility changed", functions::visibility),
    ("hot function added", functions::hot_added),
    ("hot function removed", functions::hot_removed),
    ("hot attribute changed", functions::hot_changed),
    ("functions reordered", places::reordered),
    ("moved to a module", |model, chance| places::moved(model, chance, false)),
    ("moved to a crate", |model, chance| places::moved(model, chance, true)),
    ("renamed", places::renamed),
    ("module added", places::module_added),
    ("module removed", places::module_removed),
    ("module renamed", places::module_renamed),
    ("derive changed", |model, chance| types::derive(model, chance, false)),
    ("stored derive changed", |model, chance| types::derive(model, chance, true)),
    ("drop changed", types::drop_changed),
    ("type added", types::added),
    ("const changed", types::constant),
    ("macro changed", types::macro_changed),
    ("table changed", types::table),
    ("static in a function", steps::own_added),
    ("static added", types::static_added),
    ("static removed", types::static_removed),
    ("initial value changed", types::initial_value),
    ("trait impl added", types::shape_added),
    ("trait impl changed", types::shape_changed),
    ("trait const changed", types::weight),
    ("state function changed", |model, _| {
        model.revision += 1;
        Some(())
    }),
    ("thread-local added", types::local_added),
];

/// Those that do.
const WILD: &[(&str, Mutation)] = &[
    ("variant added", |model, chance| types::variant_added(model, chance, false)),
    ("stored variant added", |model, chance| types::variant_added(model, chance, true)),
    ("field added", |model, chance| types::field_added(model, chance, false)),
    ("field removed", types::field_removed),
    ("stored field added", |model, chance| types::field_added(model, chance, true)),
    ("shape changed", types::shape_grown),
    ("static retyped", types::static_retyped),
    ("trait method added", types::method_added),
    ("hot parameter changed", functions::hot_parameter),
    ("hot function made async", functions::hot_async),
];

/// Makes one edit, or several at once. What kind it was. A calm one changes no layout and no
/// signature of a hot function.
pub fn edit(model: &mut Model, chance: &mut Chance, calm: bool) -> String {
    match chance.below(20) {
        0 => comment(model, chance),
        1 if model.program.crates.len() > 1 => {
            let crates = model.program.crates;
            let first = chance.below(crates.len());
            let second = (first + 1 + chance.below(crates.len() - 1)) % crates.len();
            let kinds =
                [first, second].map(|c| single(model, chance, Some(crates[c].folder), calm));
            eprintln!("    two crates: {}", kinds.join(" + "));
            "two crates".to_owned()
        }
        2 => {
            let kinds: Vec<&str> = (0..3).map(|_| single(model, chance, None, calm)).collect();
            eprintln!("    several: {}", kinds.join(" + "));
            "several".to_owned()
        }
        _ => single(model, chance, None, calm).to_owned(),
    }
}

/// One edit, if wished in one folder only.
fn single(
    model: &mut Model,
    chance: &mut Chance,
    folder: Option<&str>,
    calm: bool,
) -> &'static str {
    let kinds: Vec<_> = if calm { CALM.to_vec() } else { [CALM, WILD].concat() };
    let was = render::files(model);
    for _ in 0..10_000 {
        let mut attempt = model.clone();
        let (kind, mutation) = kinds[chance.below(kinds.len())];
        if mutation(&mut attempt, chance).is_none() || !is_sound(&attempt) {
            continue;
        }
        let now = render::files(&attempt);
        let mut changed = now.iter().filter(|file| !was.contains(file)).peekable();
        if changed.peek().is_none()
            || folder.is_some_and(|folder| changed.any(|(path, _)| !path.starts_with(folder)))
        {
            continue;
        }
        *model = attempt;
        return kind;
    }
    panic!("no edit is possible");
}

/// An error, alone or with an edit that must not go live without what it needs.
pub fn error(model: &mut Model, chance: &mut Chance, calm: bool) -> String {
    if chance.once_in(2) {
        edit(model, chance, calm);
    }
    let module = chance.below(model.modules.len());
    let foreign = |m: usize, item: &crate::model::Item| {
        let private =
            !matches!(&item.kind, Kind::Function(f) if f.form != crate::model::Form::Free);
        let hides = matches!(item.kind, Kind::Function(_) | Kind::Constant(..) | Kind::Table(_));
        private && hides && model.users(&item.name).iter().any(|(user, _)| *user != m)
    };
    let foreign = model.all(foreign);
    let broken = match (chance.below(3), chance.pick(&foreign)) {
        (0, _) => Broken::Syntax(module),
        (1, Some(name)) => Broken::Hidden(name.clone()),
        _ => Broken::Type(module),
    };
    let kind = match broken {
        Broken::Syntax(_) => "syntax error",
        Broken::Hidden(_) => "error elsewhere",
        Broken::Type(_) => "type error",
    };
    model.broken = Some(broken);
    kind.to_owned()
}

/// Lines of comment that move what follows, or not.
fn comment(model: &mut Model, chance: &mut Chance) -> String {
    let module = chance.below(model.modules.len());
    let place = chance.below(2);
    let lines = &mut model.modules[module].comments[place];
    if lines.len() > 2 {
        lines.remove(0);
    } else {
        lines.push(format!("{}", chance.next()));
    }
    ["comment above", "comment below"][place].to_owned()
}

/// Reports whether every function ends soon, names only what it can see, and waits only where it
/// can.
fn is_sound(model: &Model) -> bool {
    model.modules.iter().enumerate().all(|(m, module)| {
        module.items.iter().all(|item| {
            let Some(steps) = item.kind.steps() else { return true };
            let task = matches!(&item.kind, Kind::Function(f) if f.task);
            let calls = steps.iter().all(|step| match step {
                Step::Call(name, _) => !is_task(model, name),
                Step::Jump(name) => match &model.item(name).kind {
                    Kind::Dispatch(functions) => !functions.iter().any(|f| is_task(model, f)),
                    _ => false,
                },
                Step::Await(name, _) => is_task(model, name),
                _ => true,
            });
            calls
                && (task || !steps.iter().any(Step::waits))
                && model.run_by(&item.name).values().sum::<u64>() < 200
        }) && sees(model, m, module.items.iter().map(|item| &item.kind))
    })
}

fn is_task(model: &Model, name: &str) -> bool {
    matches!(&model.item(name).kind, Kind::Function(f) if f.task)
}

/// Reports whether all that these name exists and can be named in a module.
fn sees<'a>(model: &Model, m: usize, mut kinds: impl Iterator<Item = &'a Kind>) -> bool {
    kinds.all(|kind| {
        let refs = kind.refs();
        refs.iter().all(|name| model.find(name).is_some_and(|(at, _)| model.visible(at, m)))
    })
}

/// One of the items that have steps; where it stands.
fn runner(model: &Model, chance: &mut Chance) -> Option<(usize, String)> {
    let names = model.all(|_, item| item.kind.steps().is_some());
    let name = chance.pick(&names)?.clone();
    let (module, _) = model.find(&name)?;
    Some((module, name))
}

/// Puts a step into an item.
fn insert(model: &mut Model, chance: &mut Chance, into: &str, step: Step) -> Option<()> {
    let steps = model.kind(into).steps_mut()?;
    if steps.len() > 7 {
        return None;
    }
    let at = chance.below(steps.len() + 1);
    steps.insert(at, step);
    Some(())
}

fn some_op(chance: &mut Chance) -> &'static str {
    OPS[chance.below(OPS.len())]
}

fn some_literal(chance: &mut Chance) -> u64 {
    // Small and large ones are encoded differently.
    let shift = [60, 50, 30, 8][chance.below(4)];
    chance.next() >> shift
}

fn some_step(chance: &mut Chance) -> Step {
    Step::Op(some_op(chance), Operand::Literal(some_literal(chance)))
}
