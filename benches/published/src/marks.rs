//! The functions of a crate's sources, and the attribute before each.
//!
//! A mark is written on the line of what it marks, so that lines stay what they are and an error's
//! line names the function. Impl blocks are marked as a whole, and the methods that are left out of
//! them with `skip`.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, ImplItemFn, ItemFn, ItemImpl, ItemMod, Signature, TraitItemFn};

/// Why a function is not marked: the attribute refuses it, and says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untried {
    Const,
    Attribute,
    TraitDefault,
}

impl Untried {
    pub fn text(self) -> &'static str {
        match self {
            Untried::Const => "`const fn`",
            Untried::Attribute => "`#[track_caller]` and the like",
            Untried::TraitDefault => "default methods of traits",
        }
    }
}

/// All functions of one crate.
pub struct Marks {
    files: Vec<File>,
    untried: BTreeMap<Untried, usize>,
}

struct File {
    path: PathBuf,
    source: String,
    functions: Vec<Function>,
    /// Where the blocks begin, whose index the functions have.
    blocks: Vec<Block>,
}

struct Block {
    start: usize,
    lines: RangeInclusive<usize>,
}

struct Function {
    name: String,
    /// Where its attributes begin, in bytes.
    start: usize,
    lines: RangeInclusive<usize>,
    block: Option<usize>,
    marked: bool,
    /// It can be marked at all.
    tried: bool,
}

impl Marks {
    /// Reads the sources of a crate's library.
    pub fn find(folder: &Path) -> Result<Marks> {
        let mut marks = Marks { files: Vec::new(), untried: BTreeMap::new() };
        marks.read_folder(&folder.join("src"))?;
        Ok(marks)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if matches!(stem, "test" | "tests" | "bin" | "main" | "benches") {
                continue;
            }
            if path.is_dir() {
                self.read_folder(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.read_file(&path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<()> {
        let source = fs::read_to_string(path)?;
        let parsed = syn::parse_file(&source)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let mut finder = Finder { functions: Vec::new(), blocks: Vec::new(), untried: Vec::new() };
        finder.visit_file(&parsed);
        for reason in finder.untried {
            *self.untried.entry(reason).or_default() += 1;
        }
        let Finder { functions, blocks, .. } = finder;
        self.files.push(File { path: path.to_owned(), source, functions, blocks });
        Ok(())
    }

    /// How many functions could be marked.
    pub fn count(&self) -> usize {
        let tried = |file: &File| file.functions.iter().filter(|f| f.tried).count();
        self.files.iter().map(tried).sum()
    }

    /// How many could not, by reason.
    pub fn untried(&self) -> &BTreeMap<Untried, usize> {
        &self.untried
    }

    /// Writes the sources with their marks.
    pub fn write(&self) -> Result<()> {
        self.files.iter().try_for_each(File::write)
    }

    /// Takes the mark off the function that an error is in, or off all of the block whose header it
    /// is in; returns their names.
    pub fn take_off(&mut self, path: &Path, line: usize) -> Vec<String> {
        let Some(file) = self.files.iter_mut().find(|file| file.path == path) else {
            return Vec::new();
        };
        let of = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let holds = |function: &&mut Function| function.lines.contains(&line);
        let innermost = file.functions.iter_mut().filter(holds).max_by_key(|f| f.start);
        if let Some(function) = innermost {
            return function.take_off(of).into_iter().collect();
        }
        let block = file.blocks.iter().rposition(|block| block.lines.contains(&line));
        let of_block = file.functions.iter_mut().filter(|f| f.block == block && block.is_some());
        of_block.filter_map(|function| function.take_off(of)).collect()
    }
}

impl Function {
    fn take_off(&mut self, file: &str) -> Option<String> {
        std::mem::take(&mut self.marked).then(|| format!("{file} {}", self.name))
    }
}

impl File {
    fn write(&self) -> Result<()> {
        let mut inserted = Vec::new();
        for function in &self.functions {
            match (function.block, function.marked) {
                (None, true) => inserted.push((function.start, "#[::hot::hot] ")),
                (Some(_), false) => inserted.push((function.start, "#[::hot::hot(skip)] ")),
                _ => {}
            }
        }
        for (index, block) in self.blocks.iter().enumerate() {
            if self.functions.iter().any(|f| f.block == Some(index) && f.marked) {
                inserted.push((block.start, "#[::hot::hot] "));
            }
        }
        inserted.sort_unstable();
        let mut text = String::with_capacity(self.source.len());
        let mut written = 0;
        for (at, mark) in inserted {
            text.push_str(&self.source[written..at]);
            text.push_str(mark);
            written = at;
        }
        text.push_str(&self.source[written..]);
        Ok(fs::write(&self.path, text)?)
    }
}

struct Finder {
    functions: Vec<Function>,
    blocks: Vec<Block>,
    untried: Vec<Untried>,
}

impl Finder {
    fn add(
        &mut self,
        item: &impl Spanned,
        attributes: &[Attribute],
        signature: &Signature,
        block: Option<usize>,
        within: &str,
    ) {
        let refused = match () {
            () if signature.constness.is_some() => Some(Untried::Const),
            () if attributes.iter().any(is_refused) => Some(Untried::Attribute),
            () => None,
        };
        self.untried.extend(refused);
        let span = item.span();
        self.functions.push(Function {
            name: format!("{within}{}", signature.ident),
            start: start(item, attributes),
            lines: span.start().line..=span.end().line,
            block,
            marked: refused.is_none(),
            tried: refused.is_none(),
        });
    }
}

/// Where an item begins, its attributes and doc comments included.
fn start(item: &impl Spanned, attributes: &[Attribute]) -> usize {
    let first = attributes.first().map_or_else(|| item.span(), Spanned::span);
    first.byte_range().start
}

fn is_refused(attribute: &Attribute) -> bool {
    ["track_caller", "target_feature", "naked"].iter().any(|name| attribute.path().is_ident(name))
}

fn is_test(attribute: &Attribute) -> bool {
    let of_test = |list: &syn::MetaList| {
        list.path.is_ident("cfg") && list.tokens.to_string().starts_with("test")
    };
    attribute.path().is_ident("test") || attribute.meta.require_list().is_ok_and(of_test)
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !item.attrs.iter().any(is_test) {
            self.add(item, &item.attrs, &item.sig, None, "");
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let functions = |item: &&ImplItem| matches!(item, ImplItem::Fn(_));
        if item.attrs.iter().any(is_test) || item.items.iter().find(functions).is_none() {
            return;
        }
        let within = block_name(item);
        self.blocks.push(Block {
            start: start(item, &item.attrs),
            lines: item.span().start().line..=item.span().end().line,
        });
        let block = Some(self.blocks.len() - 1);
        for inner in &item.items {
            if let ImplItem::Fn(function) = inner {
                let ImplItemFn { attrs, sig, .. } = function;
                self.add(function, attrs, sig, block, &within);
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if item.default.is_some() {
            self.untried.push(Untried::TraitDefault);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// `Cart.` or `Cart.Display.`, without generic arguments.
fn block_name(item: &ItemImpl) -> String {
    let last = |path: &syn::Path| {
        path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
    };
    let ty = match &*item.self_ty {
        syn::Type::Path(ty) => last(&ty.path),
        syn::Type::Reference(reference) => match &*reference.elem {
            syn::Type::Path(ty) => format!("&{}", last(&ty.path)),
            _ => "&…".to_owned(),
        },
        _ => "…".to_owned(),
    };
    match &item.trait_ {
        Some((path, _)) => format!("{ty}.{}.", last(path)),
        None => format!("{ty}."),
    }
}
