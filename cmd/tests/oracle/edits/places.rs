//! Edits of where things stand and what they are called.

use crate::{
    chance::Chance,
    model::{Form, Item, Kind, Model, Module},
};

/// Reports whether nothing handwritten names an item.
fn is_movable(item: &Item) -> bool {
    match &item.kind {
        Kind::Function(function) => function.form == Form::Free,
        Kind::Record { stored, .. } | Kind::Choice { stored, .. } | Kind::Shape { stored, .. } => {
            !stored
        }
        _ => true,
    }
}

pub fn reordered(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let module = chance.below(model.modules.len());
    let items = &mut model.modules[module].items;
    if items.is_empty() {
        return None;
    }
    let item = items.remove(chance.below(items.len()));
    items.insert(chance.below(items.len() + 1), item);
    Some(())
}

pub fn moved(model: &mut Model, chance: &mut Chance, crates: bool) -> Option<()> {
    let name = chance.pick(&model.all(|_, item| is_movable(item)))?.clone();
    let (from, place) = model.find(&name)?;
    let to = chance.below(model.modules.len());
    let other = model.modules[from].krate != model.modules[to].krate;
    if to == from || other != crates {
        return None;
    }
    if model.users(&name).iter().any(|(user, _)| !model.visible(to, *user)) {
        return None;
    }
    let item = model.modules[from].items.remove(place);
    model.modules[to].items.push(item);
    Some(())
}

pub fn renamed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let name = chance.pick(&model.all(|_, item| is_movable(item)))?.clone();
    let new = model.name(&name);
    model.rename(&name, &new);
    Some(())
}

/// A new file, with something that stood elsewhere.
pub fn module_added(model: &mut Model, chance: &mut Chance) -> Option<()> {
    if model.modules.len() > 7 {
        return None;
    }
    let name = chance.pick(&model.all(|_, item| is_movable(item)))?.clone();
    let (from, place) = model.find(&name)?;
    let krate = model.modules[from].krate;
    let new = model.name("part");
    let item = model.modules[from].items.remove(place);
    let comments = [Vec::new(), Vec::new()];
    model.modules.push(Module { krate, name: new, fixed: false, comments, items: vec![item] });
    Some(())
}

/// A file goes, and what was in it stands in another one.
pub fn module_removed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let from = chance.below(model.modules.len());
    let to = chance.below(model.modules.len());
    let module = &model.modules[from];
    if from == to || module.fixed || module.krate != model.modules[to].krate {
        return None;
    }
    let items = std::mem::take(&mut model.modules[from].items);
    model.modules[to].items.extend(items);
    model.modules.remove(from);
    Some(())
}

pub fn module_renamed(model: &mut Model, chance: &mut Chance) -> Option<()> {
    let module = chance.below(model.modules.len());
    if model.modules[module].fixed {
        return None;
    }
    let old = model.modules[module].name.clone();
    model.modules[module].name = model.name(&old);
    Some(())
}
