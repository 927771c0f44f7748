//! Edits of what a function does.

use super::{insert, runner, some_literal, some_op};
use crate::{
    chance::Chance,
    model::{Form, Function, Generic, Item, Kind, Model, Operand, Step},
    render,
};

/// A step that satisfies something, in some item.
pub fn step<'a>(
    model: &'a mut Model,
    chance: &mut Chance,
    holds: impl Fn(&Step) -> bool,
) -> Option<&'a mut Step> {
    let has =
        |_: usize, item: &Item| item.kind.steps().is_some_and(|steps| steps.iter().any(&holds));
    let name = chance.pick(&model.all(has))?.clone();
    let steps: Vec<&mut Step> =
        model.kind(&name).steps_mut()?.iter_mut().filter(|step| holds(step)).collect();
    let which = chance.below(steps.len());
    steps.into_iter().nth(which)
}

/// Takes a step out of an item.
fn remove(model: &mut Model, chance: &mut Chance, holds: impl Fn(&Step) -> bool) -> Option<()> {
    let has =
        |_: usize, item: &Item| item.kind.steps().is_some_and(|steps| steps.iter().any(&holds));
    let name = chance.pick(&model.all(has))?.clone();
    let steps = model.kind(&name).steps_mut()?;
    let places: Vec<usize> = (0..steps.len()).filter(|&i| holds(&steps[i])).collect();
    steps.remove(*chance.pick(&places)?);
    Some(())
}

pub fn operator(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = some_op(chance);
    match step(model, chance, |s| matches!(s, Step::Op(..) | Step::Closure { .. }))? {
        Step::Op(op, _) | Step::Closure { op, .. } => *op = new,
        _ => return None,
    }
    Some(())
}

pub fn literal(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = some_literal(chance);
    let holds = |s: &Step| {
        matches!(
            s,
            Step::Op(_, Operand::Literal(_))
                | Step::Sized(_, Operand::Literal(_))
                | Step::Closure { by: Operand::Literal(_), .. }
        )
    };
    match step(model, chance, holds)? {
        Step::Op(_, by) | Step::Closure { by, .. } | Step::Sized(_, by) => {
            *by = Operand::Literal(new);
        }
        _ => return None,
    }
    Some(())
}

pub fn string(model: &mut Model, chance: &mut Chance) -> Option<()> {
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

pub fn std_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let which = chance.below(render::STD);
    insert(model, chance, &name, Step::Std(which))
}

pub fn here_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let line = chance.once_in(2);
    insert(model, chance, &name, Step::Here(line))
}

pub fn own_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let id = model.made + 1;
    model.made = id;
    insert(model, chance, &name, Step::Own(id))
}

pub fn panic_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let modulus = chance.below(4) as u64 + 1;
    insert(model, chance, &name, Step::Unwind(modulus))
}

/// Functions that steps may call.
fn callable(function: &Function) -> bool {
    function.form == Form::Free
}

pub fn call_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, caller) = runner(model, chance)?;
    let callee = chance.pick(&model.functions(callable))?.clone();
    let function = model.function(&callee).clone();
    let shapes = model.all(|_, item| matches!(item.kind, Kind::Shape { .. }));
    let step = match function.generic {
        _ if function.task => Step::Await(callee.clone(), chance.below(6)),
        Generic::No => Step::Call(callee.clone(), "u64"),
        Generic::Number => Step::Call(callee.clone(), instance_type(chance)),
        Generic::Length => Step::Sized(callee.clone(), Operand::Literal(some_literal(chance))),
        Generic::Shape => Step::Measure(callee.clone(), chance.pick(&shapes)?.clone()),
    };
    if model.run_by(&callee).contains_key(&caller) {
        return None;
    }
    insert(model, chance, &caller, step)
}

/// A type that a generic function is instantiated with.
pub fn instance_type(chance: &mut Chance) -> &'static str {
    ["u8", "u16", "u32", "u64", "i8", "i32", "u128", "f64"][chance.below(8)]
}

pub fn call_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    remove(model, chance, |s| {
        matches!(s, Step::Call(..) | Step::Sized(..) | Step::Measure(..) | Step::Await(..))
    })
}

pub fn closure_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
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

pub fn closure_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    remove(model, chance, |s| matches!(s, Step::Closure { .. }))
}

pub fn arm_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (op, by, value) = (some_op(chance), some_literal(chance), chance.next());
    if chance.once_in(3) {
        let (_, name) = runner(model, chance)?;
        let arms = vec![(0, op, by)];
        return insert(model, chance, &name, Step::Match { modulus: 4, arms });
    }
    let holds =
        |s: &Step| matches!(s, Step::Match { arms, modulus } if arms.len() as u64 <= *modulus);
    if let Step::Match { modulus, arms } = step(model, chance, holds)? {
        *modulus += value % 2;
        let value = value % *modulus;
        if arms.iter().any(|(taken, ..)| *taken == value) {
            return None;
        }
        arms.push((value, op, by));
    }
    Some(())
}

pub fn arm_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let which = chance.next() as usize;
    let holds = |s: &Step| matches!(s, Step::Match { arms, .. } if arms.len() > 1);
    if let Step::Match { arms, .. } = step(model, chance, holds)? {
        arms.remove(which % arms.len());
    }
    Some(())
}

pub fn message_sent(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (_, name) = runner(model, chance)?;
    let types = model.all(|_, item| matches!(item.kind, Kind::Record { .. } | Kind::Choice { .. }));
    let of = chance.pick(&types)?.clone();
    insert(model, chance, &name, Step::Send(of))
}

pub fn await_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&model.functions(|f| f.task))?.clone();
    let kept = chance.once_in(2);
    insert(model, chance, &name, Step::Yield(kept))
}

pub fn await_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    if chance.once_in(2)
        && let Step::Await(_, how) = step(model, chance, |s| matches!(s, Step::Await(..)))?
    {
        *how += 1;
        return Some(());
    }
    remove(model, chance, |s| matches!(s, Step::Yield(_)))
}
