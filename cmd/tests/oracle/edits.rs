//! Edits, each a mutation of the model.

use crate::{
    chance::Chance,
    model::{Field, Function, Kind, Model, OPS, Operand, Step},
};

/// A mutation. `None` when there is nothing to do it to.
type Mutation = fn(&mut Model, &mut Chance) -> Option<()>;

/// All single edits, by the kind under which they are counted.
const KINDS: [(&str, Mutation); 37] = [
    ("operator", operator),
    ("literal", literal),
    ("string", string),
    ("std added", std_added),
    ("function added", function_added),
    ("function removed", function_removed),
    ("call added", call_added),
    ("call removed", call_removed),
    ("parameter added", parameter_added),
    ("parameter removed", parameter_removed),
    ("functions reordered", reordered),
    ("closure added", closure_added),
    ("closure removed", closure_removed),
    ("arm added", arm_added),
    ("arm removed", arm_removed),
    ("panic added", panic_added),
    ("derive changed", |model, chance| derive(model, chance, false)),
    ("stored derive changed", |model, chance| derive(model, chance, true)),
    ("type added", type_added),
    ("instance changed", instance),
    ("generic added", generic_added),
    ("const changed", constant),
    ("table changed", table),
    ("static added", static_added),
    ("moved to a module", |model, chance| moved(model, chance, false)),
    ("moved to a crate", |model, chance| moved(model, chance, true)),
    ("trait impl added", shape_added),
    ("trait impl changed", shape_changed),
    ("state function changed", |model, _| {
        model.revision += 1;
        Some(())
    }),
    ("inline changed", inline),
    // From here on they change what is kept.
    ("variant added", |model, chance| variant_added(model, chance, false)),
    ("stored variant added", |model, chance| variant_added(model, chance, true)),
    ("field added", |model, chance| field_added(model, chance, false)),
    ("field removed", field_removed),
    ("stored field added", |model, chance| field_added(model, chance, true)),
    ("thread-local added", local_added),
    ("trait method added", method_added),
];

/// How many of them leave what is kept as it is: they come first.
const CALM: usize = 30;

/// Makes one edit, or several at once. What kind it was. A calm one changes no layout and adds no
/// thread-local.
pub fn edit(model: &mut Model, chance: &mut Chance, calm: bool) -> String {
    match chance.below(20) {
        0 => comment(model, chance),
        1 => {
            let kinds = [
                single(model, chance, Some("stock"), calm),
                single(model, chance, Some("app"), calm),
            ];
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

/// One edit, if wished in one crate only.
fn single(model: &mut Model, chance: &mut Chance, krate: Option<&str>, calm: bool) -> &'static str {
    let kinds = if calm { &KINDS[..CALM] } else { &KINDS };
    for _ in 0..1000 {
        let mut attempt = model.clone();
        let (kind, mutation) = kinds[chance.below(kinds.len())];
        if mutation(&mut attempt, chance).is_none() || !is_finite(&attempt) {
            continue;
        }
        let (was, now) = (crate::render::files(model), crate::render::files(&attempt));
        let mut changed = now.iter().filter(|file| !was.contains(file)).peekable();
        if changed.peek().is_none()
            || krate.is_some_and(|krate| changed.any(|(path, _)| !path.starts_with(krate)))
        {
            continue;
        }
        *model = attempt;
        return kind;
    }
    panic!("no edit is possible");
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

/// Whether every function ends soon.
fn is_finite(model: &Model) -> bool {
    let runs = |_: usize, item: &crate::model::Item| item.kind.steps().is_some();
    model.all(runs).iter().all(|name| model.run_by(name).values().sum::<u64>() < 200)
}

/// One of the items that have steps; where it stands.
fn runner(model: &Model, chance: &mut Chance) -> Option<(usize, String)> {
    let names = model.all(|_, item| item.kind.steps().is_some());
    let name = chance.pick(&names)?.clone();
    let (module, _) = model.find(&name)?;
    Some((module, name))
}

/// A step that satisfies something, in some item.
fn step<'a>(
    model: &'a mut Model,
    chance: &mut Chance,
    holds: impl Fn(&Step) -> bool,
) -> Option<&'a mut Step> {
    let has = |_: usize, item: &crate::model::Item| {
        item.kind.steps().is_some_and(|steps| steps.iter().any(&holds))
    };
    let name = chance.pick(&model.all(has))?.clone();
    let steps: Vec<&mut Step> =
        model.kind(&name).steps_mut()?.iter_mut().filter(|step| holds(step)).collect();
    let which = chance.below(steps.len());
    steps.into_iter().nth(which)
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

/// Takes a step out of an item.
fn remove(model: &mut Model, chance: &mut Chance, holds: impl Fn(&Step) -> bool) -> Option<()> {
    let has = |_: usize, item: &crate::model::Item| {
        item.kind.steps().is_some_and(|steps| steps.iter().any(&holds))
    };
    let name = chance.pick(&model.all(has))?.clone();
    let steps = model.kind(&name).steps_mut()?;
    let places: Vec<usize> = (0..steps.len()).filter(|&i| holds(&steps[i])).collect();
    steps.remove(*chance.pick(&places)?);
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

fn some_field(chance: &mut Chance) -> Field {
    let fields =
        [Field::U8, Field::U32, Field::U64, Field::Bool, Field::Text, Field::Maybe, Field::Bytes];
    fields[chance.below(fields.len())].clone()
}

fn operator(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = some_op(chance);
    match step(model, chance, |s| matches!(s, Step::Op(..) | Step::Closure { .. }))? {
        Step::Op(op, _) | Step::Closure { op, .. } => *op = new,
        _ => return None,
    }
    Some(())
}

fn literal(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = some_literal(chance);
    let holds = |s: &Step| {
        matches!(
            s,
            Step::Op(_, Operand::Literal(_)) | Step::Closure { by: Operand::Literal(_), .. }
        )
    };
    match step(model, chance, holds)? {
        Step::Op(_, by) | Step::Closure { by, .. } => *by = Operand::Literal(new),
        _ => return None,
    }
    Some(())
}

fn string(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = "another text and more of it, longer than before"[..chance.below(40)].to_owned();
    let (_, name) = runner(model, chance)?;
    if chance.once_in(3) {
        return insert(model, chance, &name, Step::Text(new));
    }
    if let Step::Text(text) = step(model, chance, |s| matches!(s, Step::Text(_)))? {
        *text = new;
    }
    Some(())
}

fn std_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let which = chance.below(6);
    insert(model, chance, &name, Step::Std(which))
}

fn panic_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let modulus = chance.below(4) as u64 + 1;
    insert(model, chance, &name, Step::Unwind(modulus))
}

fn function_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let name = model.name("helper");
    let steps = vec![Step::Op(some_op(chance), Operand::Literal(some_literal(chance)))];
    let function =
        Function { steps, extra: chance.below(2) as u64, generic: false, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    insert(model, chance, &caller, Step::Call(name, "u64"))
}

fn generic_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let name = model.name("generic");
    let steps = vec![Step::Op(some_op(chance), Operand::Literal(some_literal(chance)))];
    let function = Function { steps, generic: true, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    insert(model, chance, &caller, Step::Call(name.clone(), "u16"))?;
    insert(model, chance, &caller, Step::Call(name, "i8"))
}

fn instance(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let generic = model.all(|_, item| matches!(&item.kind, Kind::Function(f) if f.generic));
    let new = ["u8", "u16", "u32", "u64", "i32", "u128"][chance.below(6)];
    let holds = |s: &Step| matches!(s, Step::Call(n, _) if generic.contains(n));
    if let Step::Call(_, instance) = step(model, chance, holds)? {
        *instance = new;
    }
    Some(())
}

fn private(model: &Model) -> Vec<String> {
    let is = |f: &Function| !f.hot && !f.aloof && !f.method;
    model.all(|_, item| matches!(&item.kind, Kind::Function(f) if is(f)))
}

fn function_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = private(model);
    if names.len() < 6 {
        return None;
    }
    let name = chance.pick(&names)?.clone();
    for (_, user) in model.users(&name) {
        model.kind(&user).steps_mut()?.retain(|step| !step.names(&name));
    }
    let (m, i) = model.find(&name)?;
    model.modules[m].items.remove(i);
    Some(())
}

fn call_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let callee = chance.pick(&private(model))?.clone();
    let (from, _) = model.find(&callee)?;
    if !model.visible(from, module) || model.run_by(&callee).contains_key(&caller) {
        return None;
    }
    insert(model, chance, &caller, Step::Call(callee, "u64"))
}

fn call_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    remove(model, chance, |s| matches!(s, Step::Call(..)))
}

fn parameter_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    if let Kind::Function(function) = model.kind(&name)
        && function.extra < 7
    {
        function.extra += 1;
        return Some(());
    }
    None
}

fn parameter_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    if let Kind::Function(function) = model.kind(&name) {
        function.extra = function.extra.checked_sub(1)?;
    }
    Some(())
}

fn inline(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = [None, Some(""), Some("(always)"), Some("(never)")][chance.below(4)];
    let name = chance.pick(&private(model))?.clone();
    if let Kind::Function(function) = model.kind(&name) {
        function.inline = new;
    }
    Some(())
}

fn reordered(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let module = chance.below(model.modules.len());
    let items = &mut model.modules[module].items;
    let item = items.remove(chance.below(items.len()));
    items.insert(chance.below(items.len() + 1), item);
    Some(())
}

fn closure_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let by = Operand::Literal(some_literal(chance));
    let (captures, boxed) = (chance.once_in(2), chance.once_in(2));
    let steps = model.kind(&name).steps_mut()?;
    if steps.len() > 7 {
        return None;
    }
    steps.insert(0, Step::Closure { op: some_op(chance), by, captures, boxed });
    Some(())
}

fn closure_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    remove(model, chance, |s| matches!(s, Step::Closure { .. }))
}

fn arm_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (op, by, value) = (some_op(chance), some_literal(chance), chance.next());
    if let Step::Match { modulus, arms } = step(model, chance, |s| matches!(s, Step::Match { .. }))?
    {
        if arms.len() as u64 + 1 >= *modulus {
            *modulus += 3;
        }
        let modulus = *modulus;
        let free = (0..modulus).map(|i| (value % modulus + i) % modulus);
        let value = free.into_iter().find(|v| arms.iter().all(|(arm, ..)| arm != v))?;
        arms.push((value, op, by));
    }
    Some(())
}

fn arm_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let which = chance.next() as usize;
    let holds = |s: &Step| matches!(s, Step::Match { arms, .. } if arms.len() > 1);
    if let Step::Match { arms, .. } = step(model, chance, holds)? {
        arms.remove(which % arms.len());
    }
    Some(())
}

fn variant_added(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
    let names = model.all(|_, i| matches!(i.kind, Kind::Choice { stored, .. } if stored == of));
    let name = chance.pick(&names)?.clone();
    let new = model.name("Kind");
    let field = if chance.once_in(2) { Some(some_field(chance)) } else { None };
    let Kind::Choice { variants, .. } = model.kind(&name) else { return None };
    let at = 2 + chance.below(variants.len() - 1);
    variants.insert(at, (new, field));
    Some(())
}

fn records(model: &Model, of: bool) -> Vec<String> {
    model.all(|_, i| matches!(i.kind, Kind::Record { stored, .. } if stored == of))
}

fn derive(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
    let name = chance.pick(&records(model, of))?.clone();
    let new = ["Debug", "Clone", "PartialEq", "Hash"][chance.below(4)];
    let Kind::Record { derives, .. } = model.kind(&name) else { return None };
    match derives.iter().position(|derive| *derive == new) {
        Some(at) => drop(derives.remove(at)),
        None => derives.push(new),
    }
    Some(())
}

fn field_added(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
    let name = chance.pick(&records(model, of))?.clone();
    let (new, field) = (model.name("field"), some_field(chance));
    let Kind::Record { fields, .. } = model.kind(&name) else { return None };
    let at = chance.below(fields.len() + 1);
    fields.insert(at, (new, field));
    Some(())
}

fn field_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&records(model, false))?.clone();
    let Kind::Record { fields, .. } = model.kind(&name) else { return None };
    if fields.len() < 2 {
        return None;
    }
    fields.remove(chance.below(fields.len()));
    Some(())
}

fn type_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("Type");
    let one = (model.name("one"), some_field(chance));
    let two = (model.name("two"), some_field(chance));
    let (kind, step) = if chance.once_in(2) {
        let kind = Kind::Record { fields: vec![one, two], derives: vec!["Clone"], stored: false };
        (kind, Step::Make(name.clone()))
    } else {
        let variants = vec![("First".into(), None), ("Second".into(), Some(one.1))];
        (Kind::Choice { variants, stored: false }, Step::Choose(name.clone()))
    };
    model.add(module, &name, kind);
    insert(model, chance, &user, step)
}

fn constant(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, item| matches!(item.kind, Kind::Constant(_)));
    let name = chance.pick(&names)?.clone();
    if chance.once_in(3) {
        let (module, user) = runner(model, chance)?;
        let (from, _) = model.find(&name)?;
        let step = Step::Op(some_op(chance), Operand::Constant(name));
        return if model.visible(from, module) { insert(model, chance, &user, step) } else { None };
    }
    *model.kind(&name) = Kind::Constant(some_literal(chance));
    Some(())
}

fn table(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, item| matches!(item.kind, Kind::Table(_)));
    let name = chance.pick(&names)?.clone();
    let new = some_literal(chance);
    let Kind::Table(values) = model.kind(&name) else { return None };
    if chance.once_in(3) && values.len() < 9 {
        values.push(new);
    } else {
        values[0] = new;
    }
    Some(())
}

fn static_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("COUNTER");
    let first = if chance.once_in(2) { 0 } else { 1000 };
    model.add(module, &name, Kind::Counter(first));
    insert(model, chance, &user, Step::Count(name))
}

fn local_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("LOCAL");
    let first = if chance.once_in(2) { 0 } else { 2000 };
    model.add(module, &name, Kind::Local(first, chance.once_in(2)));
    insert(model, chance, &user, Step::Local(name))
}

fn moved(model: &mut Model, chance: &mut Chance, crates: bool) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    let (from, place) = model.find(&name)?;
    let to = chance.below(model.modules.len());
    let other = model.modules[from].krate != model.modules[to].krate;
    if to == from || other != crates {
        return None;
    }
    if model.users(&name).iter().any(|(user, _)| !model.visible(to, *user)) {
        return None;
    }
    let unseen = |model: &Model, m: usize| {
        let item = model.item(&name);
        model.all(|_, _| true).iter().any(|used| {
            let named = item.kind.steps().is_some_and(|s| s.iter().any(|s| s.names(used)));
            named && !model.find(used).is_some_and(|(at, _)| model.visible(at, m))
        })
    };
    if unseen(model, to) {
        return None;
    }
    let item = model.modules[from].items.remove(place);
    model.modules[to].items.push(item);
    Some(())
}

fn shape_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("Shape");
    let steps = vec![Step::Op(some_op(chance), Operand::Literal(some_literal(chance)))];
    let (fields, hot) = (1 + chance.below(3) as u64, chance.once_in(2));
    let dropped = chance.once_in(2);
    model.add(module, &name, Kind::Shape { fields, hot, dropped, stored: false, steps });
    insert(model, chance, &user, Step::Dyn(name))
}

fn shape_changed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&model.all(|_, i| matches!(i.kind, Kind::Shape { .. })))?.clone();
    let (which, op) = (chance.below(5), some_op(chance));
    let by = Operand::Literal(some_literal(chance));
    let Kind::Shape { fields, dropped, .. } = model.kind(&name) else { return None };
    match which {
        0 => *fields += 1,
        1 => *dropped = !*dropped,
        _ => return insert(model, chance, &name, Step::Op(op, by)),
    }
    Some(())
}

fn method_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    if chance.once_in(2) && !model.methods.is_empty() {
        model.methods.pop();
        return Some(());
    }
    let method = (model.name("more"), some_literal(chance));
    model.methods.push(method);
    Some(())
}
