//! The layouts of types that objects describe, read for many objects at once.

use super::error::DiffError;
use super::file::ObjectFile;
use super::program::Program;
use crate::layout::{LayoutError, Layouts, ObjectLayouts};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Keys of the crates that describe no types: there the guard would see no difference, whatever
/// changed.
pub fn undescribed(program: &Program) -> Result<BTreeSet<String>, DiffError> {
    let mut keys = BTreeSet::new();
    for (key, unit) in &program.crates {
        read_layouts(unit.objects.iter())?;
        if !gather(&unit.objects)?.has_debug_info() {
            keys.insert(key.clone());
        }
    }
    Ok(keys)
}

/// The layouts of some of the objects.
pub fn layouts_of(
    objects: &[Arc<ObjectFile>],
    wanted: impl Fn(&Arc<ObjectFile>) -> bool,
) -> Result<Layouts, DiffError> {
    let wanted: Vec<Arc<ObjectFile>> = objects.iter().filter(|o| wanted(o)).cloned().collect();
    read_layouts(wanted.iter())?;
    gather(&wanted)
}

fn gather(objects: &[Arc<ObjectFile>]) -> Result<Layouts, DiffError> {
    objects.iter().map(|object| layouts(object).cloned()).collect()
}

/// Reads the layouts that are not known yet, on all processors.
pub fn read_layouts<'a>(
    objects: impl Iterator<Item = &'a Arc<ObjectFile>>,
) -> Result<(), DiffError> {
    let unread: Vec<&Arc<ObjectFile>> = objects.filter(|o| o.layouts.get().is_none()).collect();
    let bytes: Vec<(&[u8], Option<&[u8]>)> =
        unread.iter().map(|o| (o.data.as_slice(), o.split.as_deref())).collect();
    let failed =
        |e: LayoutError| DiffError::Object { unit: "of the program".into(), what: e.to_string() };
    for (object, read) in unread.iter().zip(ObjectLayouts::read_all(&bytes).map_err(failed)?) {
        // Nobody else sets it: `unread` holds each object once.
        object.layouts.get_or_init(|| read);
    }
    Ok(())
}

fn layouts(object: &ObjectFile) -> Result<&ObjectLayouts, DiffError> {
    object
        .layouts()
        .map_err(|e| DiffError::Object { unit: object.unit.clone(), what: e.to_string() })
}
