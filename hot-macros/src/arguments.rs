//! The arguments of the attribute: `skip`, `crate = path`.
//!
//! Beside what is written, this holds what the attribute is called. `use hot::hot as live` gives it
//! another name, under which `#[live(skip)]` is looked for; a macro sees its own name in the source
//! alone.

use crate::runtime;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Meta, Path, Result, Token};

/// The attribute's arguments, its name and the path of `hot`.
pub struct Arguments {
    /// `skip`: the item stays as written.
    pub skip: bool,
    /// `within_module`: put there by the attribute on a module; what cannot be hot stays as
    /// written.
    pub within_module: bool,
    /// The path of the crate: `::hot`.
    pub runtime: TokenStream,
    /// The path of what the expansion calls: `::hot::__private`.
    pub hot: TokenStream,
    /// The last word of the attribute's path, as it is written.
    pub name: String,
}

impl Arguments {
    /// Reads what stands in the parentheses. `written` is the attribute in the source, if there is
    /// one to be seen.
    pub fn parse(tokens: TokenStream, written: Option<String>) -> Result<Self> {
        let parse = |input: ParseStream| {
            let (mut skip, mut within_module) = (false, false);
            let (mut path, mut name) = (None, None);
            while !input.is_empty() {
                let span = input.span();
                match input.parse::<TokenTree>()?.to_string().as_str() {
                    "skip" if skip => return Err(Error::new(span, "`skip` is written twice")),
                    "skip" => skip = true,
                    "within_module" => within_module = true,
                    "crate" => {
                        input.parse::<Token![=]>()?;
                        path = Some(input.call(Path::parse_mod_style)?);
                    }
                    "name" if within_module => {
                        input.parse::<Token![=]>()?;
                        name = Some(input.call(Ident::parse_any)?.to_string());
                    }
                    other => return Err(unknown(other, span)),
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            let runtime = match path {
                Some(path) => quote!(#path),
                // A skipped item needs none.
                None if skip => TokenStream::new(),
                None => runtime::path().ok_or_else(missing)?,
            };
            let name = name.unwrap_or_else(|| self::name(written));
            let hot = quote!(#runtime::__private);
            Ok(Arguments { skip, within_module, runtime, hot, name })
        };
        parse.parse2(tokens)
    }

    /// Reports whether this is the path of the attribute.
    pub fn is_hot(&self, path: &Path) -> bool {
        let last = path.segments.last().map(|segment| segment.ident.unraw().to_string());
        last.is_some_and(|last| last == "hot" || last == self.name)
    }

    /// Reports whether this is `#[hot(skip)]`.
    pub fn is_skip(&self, meta: &Meta) -> bool {
        let skip = |list: &syn::MetaList| list.tokens.to_string() == "skip";
        self.is_hot(meta.path()) && meta.require_list().is_ok_and(skip)
    }

    /// Returns the attribute that a module hands on to what is in it.
    pub fn within_module(&self) -> TokenStream {
        let (runtime, name) = (&self.runtime, Ident::new(&self.name, Span::call_site()));
        quote!(#[#runtime::hot(within_module, crate = #runtime, name = #name)])
    }
}

/// Returns the name of the attribute, from its source.
pub fn name(written: Option<String>) -> String {
    written.and_then(|written| last_word(&written)).unwrap_or_else(|| "hot".to_owned())
}

/// Returns `live` of `#[live]`, `#[crate::live(skip)]` and the like.
fn last_word(written: &str) -> Option<String> {
    let path = written.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let ends = |c: char| !(c.is_alphanumeric() || "_:# ".contains(c));
    let path = path.split(ends).next()?;
    let word = path.rsplit(':').next()?.trim().trim_start_matches("r#");
    syn::parse_str::<Ident>(word).ok().map(|word| word.to_string())
}

fn unknown(argument: &str, span: Span) -> Error {
    let message = format!(
        "`#[hot]` has no argument `{argument}`: it takes none, `skip` on what is to be left out of \
         a hot impl block or module, or `crate = path` where the crate `hot` is only re-exported"
    );
    Error::new(span, message)
}

fn missing() -> Error {
    Error::new(
        Span::call_site(),
        "the crate `hot` is no dependency of this crate: add it to Cargo.toml, or write where \
         another crate re-exports it, as in `#[hot(crate = engine::hot)]`",
    )
}

#[cfg(test)]
mod tests {
    use super::last_word;

    #[test]
    fn the_attribute_is_called_by_its_last_word() {
        let word = |written: &str| last_word(written).unwrap_or_default();
        assert_eq!(word("#[live]"), "live");
        assert_eq!(word("#[hot::hot(skip)]"), "hot");
        assert_eq!(word("#[ :: engine :: live ( crate = engine ) ]"), "live");
        assert_eq!(word("live"), "live");
        assert_eq!(word("r#loop_"), "loop_");
        assert_eq!(word("#[]"), "");
        assert_eq!(word(""), "");
    }
}
