//! Edits of what functions there are, and of what they look like from the outside.

use super::{insert, runner, some_literal, some_step, steps};
use crate::{
    chance::Chance,
    model::{Form, Function, Generic, Kind, Model, Operand, Step},
};

/// Functions that are not hot and that nothing handwritten names.
fn private(model: &Model) -> Vec<String> {
    model.functions(|f| !f.hot && f.form == Form::Free)
}

/// Hot functions that nothing handwritten names.
fn free_hot(model: &Model) -> Vec<String> {
    model.functions(|f| f.hot && f.form == Form::Free)
}

pub fn added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let name = model.name("helper");
    let (extra, tracked) = (chance.below(2) as u64, chance.once_in(6));
    let function =
        Function { steps: vec![some_step(chance)], extra, tracked, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    insert(model, chance, &caller, Step::Call(name, "u64"))
}

pub fn async_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let caller = chance.pick(&model.functions(|f| f.task))?.clone();
    let (module, _) = model.find(&caller)?;
    let name = model.name("later");
    let (extra, kept) = (chance.below(2) as u64, chance.once_in(2));
    let steps = vec![some_step(chance), Step::Yield(kept)];
    let function = Function { steps, extra, task: true, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    let how = chance.below(6);
    insert(model, chance, &caller, Step::Await(name, how))
}

pub fn generic_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let name = model.name("generic");
    let (steps, hot) = (vec![some_step(chance)], chance.once_in(4));
    let function = Function { steps, hot, generic: Generic::Number, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    insert(model, chance, &caller, Step::Call(name.clone(), "u16"))?;
    insert(model, chance, &caller, Step::Call(name, "i8"))
}

pub fn sized_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, caller) = runner(model, chance)?;
    let name = model.name("length");
    let steps = vec![some_step(chance)];
    let function = Function { steps, generic: Generic::Length, ..Function::default() };
    model.add(module, &name, Kind::Function(function));
    let constants = model.all(|_, item| matches!(item.kind, Kind::Constant(..)));
    let by = match chance.pick(&constants) {
        Some(name) if chance.once_in(2) => Operand::Constant(name.clone()),
        _ => Operand::Literal(some_literal(chance)),
    };
    insert(model, chance, &caller, Step::Sized(name, by))
}

/// A static of function pointers, or one more in it.
pub fn pointer(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let plain = |f: &Function| {
        f.form == Form::Free && !f.task && matches!(f.generic, Generic::No | Generic::Number)
    };
    let function = chance.pick(&model.functions(plain))?.clone();
    let known = model.all(|_, item| matches!(item.kind, Kind::Dispatch(_)));
    match chance.pick(&known) {
        Some(name) if chance.once_in(2) => {
            let Kind::Dispatch(functions) = model.kind(name) else { return None };
            if functions.len() > 4 {
                functions.remove(0);
            }
            functions.push(function);
            Some(())
        }
        _ => {
            let (module, caller) = runner(model, chance)?;
            let name = model.name("JUMPS");
            model.add(module, &name, Kind::Dispatch(vec![function]));
            insert(model, chance, &caller, Step::Jump(name))
        }
    }
}

pub fn instance(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let generic = model.functions(|f| f.generic == Generic::Number);
    let new = steps::instance_type(chance);
    let holds = |s: &Step| matches!(s, Step::Call(n, _) if generic.contains(n));
    if let Step::Call(_, instance) = steps::step(model, chance, holds)? {
        *instance = new;
    }
    Some(())
}

pub fn removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = private(model);
    if names.len() < 6 {
        return None;
    }
    let name = chance.pick(&names)?.clone();
    model.remove(&name)
}

pub fn hot_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let module = chance.below(model.modules.len());
    let name = model.name("warm");
    let task = model.program.tasks && chance.once_in(2);
    let mut function =
        Function { hot: true, steps: vec![some_step(chance)], ..Function::default() };
    function.extra = chance.below(3) as u64;
    function.task = task;
    if !task && chance.once_in(4) {
        function.generic = Generic::Number;
    }
    model.add(module, &name, Kind::Function(function));
    let shared = chance.pick(&private(model))?.clone();
    if model.function(&shared).generic == Generic::No && !model.function(&shared).task {
        insert(model, chance, &name, Step::Call(shared, "u64"))?;
    }
    Some(())
}

pub fn hot_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = free_hot(model);
    if names.len() < 5 {
        return None;
    }
    let name = chance.pick(&names)?.clone();
    model.remove(&name)
}

/// `#[hot]` goes or comes.
pub fn hot_changed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names =
        model.functions(|f| f.form == Form::Free && f.generic != Generic::Shape && !f.tracked);
    let name = chance.pick(&names)?.clone();
    if model.function(&name).hot && free_hot(model).len() < 5 {
        return None;
    }
    let function = model.function(&name);
    function.hot = !function.hot;
    Some(())
}

pub fn parameter_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    let function = model.function(&name);
    if function.extra > 6 {
        return None;
    }
    function.extra += 1;
    Some(())
}

pub fn parameter_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    let function = model.function(&name);
    function.extra = function.extra.checked_sub(1)?;
    Some(())
}

pub fn hot_parameter(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&free_hot(model))?.clone();
    let function = model.function(&name);
    function.extra = if function.extra > 1 { 0 } else { function.extra + 1 };
    Some(())
}

/// A hot function becomes async, or is so no more.
pub fn hot_async(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.functions(|f| f.hot && f.form == Form::Free && f.generic == Generic::No);
    let name = chance.pick(&names)?.clone();
    if !model.program.tasks || !model.users(&name).is_empty() {
        return None;
    }
    let function = model.function(&name);
    function.task = !function.task;
    function.steps.retain(|step| !step.waits());
    Some(())
}

pub fn inline(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = [None, Some(""), Some("(always)"), Some("(never)")][chance.below(4)];
    let names = model.functions(|f| f.form == Form::Free && !f.task);
    let name = chance.pick(&names)?.clone();
    model.function(&name).inline = new;
    Some(())
}

pub fn tracked(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.functions(|f| f.form == Form::Free && !f.task && !f.hot);
    let name = chance.pick(&names)?.clone();
    let function = model.function(&name);
    function.tracked = !function.tracked;
    Some(())
}

pub fn visibility(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&private(model))?.clone();
    let function = model.function(&name);
    function.public = !function.public;
    Some(())
}
