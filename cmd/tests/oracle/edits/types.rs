//! Edits of types, traits, constants, statics and macros.

use super::{insert, runner, some_literal, some_op, some_step};
use crate::{
    chance::Chance,
    model::{Field, Item, Kind, Model, Operand, Step},
};

fn some_field(chance: &mut Chance) -> Field {
    let fields =
        [Field::U8, Field::U32, Field::U64, Field::Bool, Field::Text, Field::Maybe, Field::Bytes];
    fields[chance.below(fields.len())].clone()
}

pub fn variant_added(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
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

pub fn derive(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
    let name = chance.pick(&records(model, of))?.clone();
    let new = ["Debug", "Clone", "PartialEq", "Hash"][chance.below(4)];
    let Kind::Record { derives, .. } = model.kind(&name) else { return None };
    match derives.iter().position(|derive| *derive == new) {
        Some(at) => drop(derives.remove(at)),
        None => derives.push(new),
    }
    Some(())
}

pub fn drop_changed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let dropped =
        |_: usize, item: &Item| matches!(item.kind, Kind::Record { .. } | Kind::Shape { .. });
    let name = chance.pick(&model.all(dropped))?.clone();
    let new = if chance.once_in(3) { None } else { Some(some_literal(chance)) };
    match model.kind(&name) {
        Kind::Record { dropped, .. } | Kind::Shape { dropped, .. } => *dropped = new,
        _ => return None,
    }
    Some(())
}

pub fn field_added(model: &mut Model, chance: &mut Chance, of: bool) -> Option<()> {
    let name = chance.pick(&records(model, of))?.clone();
    let (new, field) = (model.name("field"), some_field(chance));
    let Kind::Record { fields, .. } = model.kind(&name) else { return None };
    let at = chance.below(fields.len() + 1);
    fields.insert(at, (new, field));
    Some(())
}

pub fn field_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&records(model, false))?.clone();
    let Kind::Record { fields, .. } = model.kind(&name) else { return None };
    if fields.len() < 2 {
        return None;
    }
    fields.remove(chance.below(fields.len()));
    Some(())
}

pub fn added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("Type");
    let one = (model.name("one"), some_field(chance));
    let two = (model.name("two"), some_field(chance));
    let dropped = chance.once_in(3).then_some(17);
    let (kind, step) = if chance.once_in(2) {
        let (fields, derives) = (vec![one, two], vec!["Clone"]);
        let kind = Kind::Record { fields, derives, stored: false, dropped };
        (kind, Step::Make(name.clone()))
    } else {
        let variants = vec![("First".into(), None), ("Second".into(), Some(one.1))];
        (Kind::Choice { variants, stored: false }, Step::Choose(name.clone()))
    };
    model.add(module, &name, kind);
    insert(model, chance, &user, step)
}

pub fn constant(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, item| matches!(item.kind, Kind::Constant(..)));
    let name = chance.pick(&names)?.clone();
    match chance.below(4) {
        0 => {
            let (_, user) = runner(model, chance)?;
            let step = Step::Op(some_op(chance), Operand::Constant(name));
            return insert(model, chance, &user, step);
        }
        1 => {
            let new = model.name("LIMIT");
            let (module, user) = runner(model, chance)?;
            model.add(module, &new, Kind::Constant(some_literal(chance), Some(name)));
            let step = Step::Op(some_op(chance), Operand::Constant(new));
            return insert(model, chance, &user, step);
        }
        _ => {}
    }
    let new = some_literal(chance);
    let Kind::Constant(value, _) = model.kind(&name) else { return None };
    *value = new;
    Some(())
}

pub fn macro_changed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, item| matches!(item.kind, Kind::Macro(..)));
    let kind = Kind::Macro(some_op(chance), some_literal(chance));
    match (chance.pick(&names), chance.below(4)) {
        (Some(name), 0) => {
            let (_, user) = runner(model, chance)?;
            insert(model, chance, &user, Step::Expand(name.clone()))
        }
        (Some(name), 1 | 2) => {
            *model.kind(name) = kind;
            Some(())
        }
        _ => {
            let (module, user) = runner(model, chance)?;
            let name = model.name("stir");
            model.add(module, &name, kind);
            insert(model, chance, &user, Step::Expand(name))
        }
    }
}

pub fn table(model: &mut Model, chance: &mut Chance) -> Option<()> {
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

pub fn static_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("COUNTER");
    let (first, bits) = ([0, 1000][chance.below(2)], [32, 64][chance.below(2)]);
    model.add(module, &name, Kind::Counter(first, bits));
    insert(model, chance, &user, Step::Count(name))
}

fn counters(model: &Model) -> Vec<String> {
    model.all(|_, item| matches!(item.kind, Kind::Counter(..)))
}

pub fn static_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, i| matches!(i.kind, Kind::Counter(..) | Kind::Local(..)));
    let name = chance.pick(&names)?.clone();
    model.remove(&name)
}

pub fn initial_value(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let names = model.all(|_, i| matches!(i.kind, Kind::Counter(..) | Kind::Local(..)));
    let name = chance.pick(&names)?.clone();
    match model.kind(&name) {
        Kind::Counter(first, _) | Kind::Local(first, _) => *first += 1,
        _ => return None,
    }
    Some(())
}

pub fn static_retyped(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&counters(model))?.clone();
    let Kind::Counter(_, bits) = model.kind(&name) else { return None };
    *bits = 96 - *bits;
    Some(())
}

pub fn local_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("LOCAL");
    let first = if chance.once_in(2) { 0 } else { 2000 };
    model.add(module, &name, Kind::Local(first, chance.once_in(2)));
    insert(model, chance, &user, Step::Local(name))
}

fn shapes(model: &Model) -> Vec<String> {
    model.all(|_, item| matches!(item.kind, Kind::Shape { .. }))
}

pub fn shape_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let (module, user) = runner(model, chance)?;
    let name = model.name("Shape");
    let steps = vec![some_step(chance)];
    let (fields, hot) = (1 + chance.below(3) as u64, chance.once_in(2));
    let dropped = chance.once_in(2).then_some(some_literal(chance));
    let weight = chance.once_in(2).then_some(some_literal(chance));
    model.add(module, &name, Kind::Shape { fields, hot, dropped, stored: false, weight, steps });
    insert(model, chance, &user, Step::Dyn(name))
}

pub fn shape_changed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&shapes(model))?.clone();
    if chance.once_in(2) {
        let step = some_step(chance);
        return insert(model, chance, &name, step);
    }
    let (user, step) = (runner(model, chance)?.1, Step::Dyn(name.clone()));
    if model.run_by(&name).contains_key(&user) {
        return None;
    }
    insert(model, chance, &user, step)
}

pub fn weight(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let new = some_literal(chance);
    if chance.once_in(2) {
        model.weight = new;
        return Some(());
    }
    let name = chance.pick(&shapes(model))?.clone();
    let Kind::Shape { weight, .. } = model.kind(&name) else { return None };
    *weight = if weight.is_some() { None } else { Some(new) };
    Some(())
}

pub fn shape_grown(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&shapes(model))?.clone();
    let Kind::Shape { fields, .. } = model.kind(&name) else { return None };
    *fields += 1;
    Some(())
}

pub fn method_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    if chance.once_in(2) && !model.methods.is_empty() {
        model.methods.pop();
        return Some(());
    }
    let method = (model.name("more"), some_literal(chance));
    model.methods.push(method);
    Some(())
}
