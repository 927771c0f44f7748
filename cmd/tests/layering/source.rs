//! One source file, read as its modules.
//!
//! A module is the file's own, or one that is written inside of it (`mod inner { … }`). Of each the
//! reader keeps the names that it defines, the names that `use` brings into it, and every path that
//! its code mentions. Types are not inferred: a method that is called leaves no trace. Code for
//! tests (`mod tests`, `#[cfg(test)]`) is left out, and so are attributes, macros by `$crate` and
//! visibilities.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};

/// A path as it is written, by its segments: `super`, `Thing`.
pub type Path = Vec<String>;

/// A module as far as imports go.
#[derive(Debug, Default)]
pub struct Module {
    /// Its path below the crate's root; the root's is empty.
    pub path: Path,
    /// The names that are defined in it.
    pub items: BTreeSet<String>,
    /// The macros that are defined in it. They are found by their text and belong to no file.
    pub macros: BTreeSet<String>,
    /// The names that `use` brings, each with what it stands for. There is more than one where
    /// `#[cfg]` chooses.
    pub uses: BTreeMap<String, Vec<Path>>,
    /// The modules all of whose names `use …::*` brings.
    pub globs: Vec<Path>,
    /// The paths that its code and its imports mention.
    pub mentions: BTreeSet<Path>,
}

/// Reads the modules of a file, the file's own first.
pub fn read(path: Path, tokens: TokenStream) -> Vec<Module> {
    let mut modules = vec![Module { path, ..Module::default() }];
    walk(tokens, 0, true, &mut modules);
    modules
}

/// Reads tokens of the module `at`. Only where items may stand do they define names.
fn walk(tokens: TokenStream, at: usize, items: bool, modules: &mut Vec<Module>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        next += match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => attribute(&tokens[next..]),
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => 2,
            TokenTree::Ident(word) if word == "use" => {
                import(&tokens[next + 1..], &mut modules[at]) + 1
            }
            TokenTree::Ident(word) if word == "mod" => module(&tokens[next..], at, modules),
            TokenTree::Ident(word) if word == "pub" => visibility(&tokens[next + 1..]) + 1,
            TokenTree::Ident(word) => {
                if word == "macro_rules" {
                    modules[at].macros.extend(tokens.get(next + 2).map(ToString::to_string));
                } else if items {
                    modules[at].items.extend(defined(&word.to_string(), &tokens[next + 1..]));
                }
                mention(&tokens, next, &mut modules[at])
            }
            TokenTree::Group(group) => {
                // Items stand in `extern "C" { … }` and in `thread_local! { … }` as well.
                let before = next.checked_sub(1).map(|before| tokens[before].to_string());
                let holds_items = before.is_some_and(|b| b == "!" || b.starts_with('"'));
                walk(group.stream(), at, items && holds_items, modules);
                1
            }
            _ => 1,
        };
    }
}

/// Returns the length of an attribute, and of the item behind it if that is for tests only.
fn attribute(tokens: &[TokenTree]) -> usize {
    let inner = usize::from(is(tokens.get(1), "!"));
    let Some(TokenTree::Group(group)) = tokens.get(1 + inner) else { return 1 };
    let length = 2 + inner;
    if group.stream().to_string().replace(' ', "") != "cfg(test)" {
        return length;
    }
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is(Some(other), ";"),
    };
    let rest = tokens[length..].iter().position(ends);
    rest.map_or(tokens.len(), |end| length + end + 1)
}

/// Returns the length of `(crate)`, `(in crate::here)` and their like.
fn visibility(tokens: &[TokenTree]) -> usize {
    let Some(TokenTree::Group(group)) = tokens.first() else { return 0 };
    let first = group.stream().into_iter().next();
    usize::from(["crate", "super", "self", "in"].iter().any(|word| is(first.as_ref(), word)))
}

/// Reads `mod name;` or `mod name { … }` and returns its length.
fn module(tokens: &[TokenTree], at: usize, modules: &mut Vec<Module>) -> usize {
    let [_, TokenTree::Ident(name), TokenTree::Group(group), ..] = tokens else { return 1 };
    if name != "tests" {
        let path = [&modules[at].path[..], &[name.to_string()]].concat();
        modules.push(Module { path, ..Module::default() });
        walk(group.stream(), modules.len() - 1, true, modules);
    }
    3
}

/// Returns the name that an item defines whose keyword is `word`.
fn defined(word: &str, after: &[TokenTree]) -> Option<String> {
    const NOT_NAMES: [&str; 4] = ["fn", "unsafe", "async", "extern"];
    let after = match word {
        "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" => after,
        _ => return None,
    };
    let after = if is(after.first(), "mut") { &after[1..] } else { after };
    match after.first() {
        Some(TokenTree::Ident(name)) => {
            Some(name.to_string()).filter(|n| !NOT_NAMES.contains(&&**n))
        }
        _ => None,
    }
}

/// Reads a path of the code and returns its length.
fn mention(tokens: &[TokenTree], start: usize, module: &mut Module) -> usize {
    let mut path = vec![tokens[start].to_string()];
    let mut end = start + 1;
    while is(tokens.get(end), ":") && is(tokens.get(end + 1), ":") {
        let Some(TokenTree::Ident(segment)) = tokens.get(end + 2) else { break };
        path.push(segment.to_string());
        end += 3;
    }
    // `::std::mem` begins outside of the crate, and what follows `<T>::` is no path of modules.
    let rooted = start > 0 && is(tokens.get(start - 1), ":");
    let rooted = rooted && start > 1 && is(tokens.get(start - 2), ":");
    if path.len() > 1 && !rooted {
        module.mentions.insert(path);
    }
    end - start
}

/// Reads the rest of a `use` and returns its length.
fn import(tokens: &[TokenTree], module: &mut Module) -> usize {
    let Some(end) = tokens.iter().position(|token| is(Some(token), ";")) else { return 0 };
    // `impl Trait + use<'a>` imports nothing, nor does `use ::std::mem`.
    if !is(tokens.first(), "<") && !is(tokens.first(), ":") {
        tree(&tokens[..end], &[], module);
        return end;
    }
    0
}

/// Reads a tree of imports, `a::{b::C, d as e}`, below the segments `above`.
fn tree(tokens: &[TokenTree], above: &[String], module: &mut Module) {
    for branch in tokens.split(|token| is(Some(token), ",")) {
        let mut path = above.to_vec();
        let mut alias = None;
        let mut words = branch.iter().filter(|token| !is(Some(token), ":"));
        while let Some(word) = words.next() {
            match word {
                TokenTree::Group(group) => {
                    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                    tree(&tokens, &path, module);
                    path.clear();
                }
                word if is(Some(word), "*") => module.globs.push(std::mem::take(&mut path)),
                word if is(Some(word), "as") => alias = words.next().map(ToString::to_string),
                word => path.push(word.to_string()),
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(last) = path.last() {
            let name = alias.unwrap_or_else(|| last.clone());
            module.uses.entry(name).or_default().push(path.clone());
            module.mentions.insert(path);
        }
    }
}

/// Reports whether a token is this word or this mark.
fn is(token: Option<&TokenTree>, text: &str) -> bool {
    match token {
        Some(TokenTree::Ident(word)) => word == text,
        Some(TokenTree::Punct(mark)) => text.len() == 1 && text.starts_with(mark.as_char()),
        _ => false,
    }
}
