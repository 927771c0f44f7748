//! The way in which the type of a function is stated.

use super::hidden::{may_have_lifetime, may_hide_lifetime};
use super::named::Named;
use crate::container::{self, Container};
use crate::implied;
use crate::signature::{MAX_ARGUMENTS, Receiver, Signature};
use crate::tokens;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics};

/// The way in which the entry states the type.
pub enum Identity {
    /// Not at all.
    None,
    /// Written out.
    Named(Named),
    /// Taken from the body and another function of its signature.
    Common,
    /// Written out but for the result, which is asked of the body.
    Asked(Named),
}

/// Decides for one function.
pub fn of(signature: &Signature, container: Container<'_>, hot: &TokenStream) -> Identity {
    let reading = Reading::of(signature, container);
    reading.and_then(|reading| reading.identity(hot)).unwrap_or(Identity::None)
}

/// A signature whose lifetimes pointers may be general in.
struct Reading<'a> {
    signature: &'a Signature,
    container: Container<'a>,
    types: TokenStream,
    output: TokenStream,
    /// The function's own lifetimes and those of the impl block.
    lifetimes: Vec<String>,
    /// The impl block has some.
    self_lifetimes: bool,
    /// The types can be written elsewhere: no macro is among them, no item of `Self` but those that
    /// the block defines.
    spelled: bool,
    /// See [`Named::callable`].
    callable: bool,
}

impl<'a> Reading<'a> {
    /// Reads a signature; `None` where no type could be general enough.
    fn of(signature: &'a Signature, container: Container<'a>) -> Option<Self> {
        let types = signature.types();
        // It may expand to `impl Trait`, and then the body and another function differ in it.
        if signature.output.as_ref().is_some_and(tokens::has_macro) {
            return None;
        }
        let generic = container.is_generic() || !signature.parameters().is_empty();
        if generic || tokens::mentions(&types, "impl") || bounded(&signature.generics) {
            return None;
        }
        let has_lifetime = |clause: &TokenStream| !tokens::lifetimes(clause).is_empty();
        if has_lifetime(&signature.where_clause) {
            return None;
        }
        let mut reading = Reading {
            signature,
            container,
            output: signature.output.clone().unwrap_or_else(|| quote!(())),
            lifetimes: container::lifetimes(&signature.generics),
            self_lifetimes: false,
            spelled: !tokens::has_macro(&types),
            callable: true,
            types,
        };
        if let Some(header) = container.header() {
            if bounded(&header.generics) || has_lifetime(&header.where_clause) {
                return None;
            }
            let trait_path = header.trait_path.iter();
            if trait_path.chain([&header.self_type]).any(tokens::has_macro) {
                return None;
            }
            let defined =
                |name: &String| header.trait_path.is_some() && header.associated.contains(name);
            reading.spelled &= tokens::self_paths(&reading.types).iter().all(defined);
            let of_impl = header.lifetimes();
            reading.self_lifetimes = !of_impl.is_empty();
            reading.lifetimes.extend(of_impl);
            reading.callable = match implied::bounds(signature, header) {
                implied::Bounds::Kept => true,
                implied::Bounds::Lost => false,
                implied::Bounds::Needed => return None,
            };
        }
        Some(reading)
    }

    /// Chooses among the ways.
    fn identity(self, hot: &TokenStream) -> Option<Identity> {
        let asked = self.hides() && !self.borrows_alike();
        if !self.spelled || asked && !self.self_lifetimes && self.signature.asyncness.is_none() {
            return self.is_common().then_some(Identity::Common);
        }
        if asked {
            let Reading { signature, container, lifetimes, callable, .. } = self;
            return ask(signature, container, lifetimes, callable, hot).map(Identity::Asked);
        }
        self.written(hot).map(Identity::Named)
    }

    /// Reports whether the result may hide a lifetime.
    fn hides(&self) -> bool {
        may_hide_lifetime(&self.output)
    }

    /// Reports whether the receiver is a reference.
    fn by_reference(&self) -> bool {
        let receiver = self.signature.receiver.as_ref();
        receiver.is_some_and(|receiver| tokens::has_reference(&receiver.full_type()))
    }

    /// Reports whether a lifetime that is left out in a pointer's result is the one of the
    /// function's.
    fn borrows_alike(&self) -> bool {
        if self.by_reference() {
            let arguments = &self.signature.arguments;
            let others = arguments.iter().any(|argument| may_have_lifetime(&argument.ty));
            !others && !self.self_lifetimes
        } else {
            let of_self =
                tokens::mentions(&self.types, "Self") || self.signature.receiver.is_some();
            !self.self_lifetimes || !of_self
        }
    }

    /// Reports whether the common type of two functions is general in all lifetimes.
    fn is_common(&self) -> bool {
        let signature = self.signature;
        let inputs = signature.receiver.iter().map(|receiver| receiver.full_type());
        let inputs = inputs.chain(signature.arguments.iter().map(|a| a.ty.clone()));
        let behind: Vec<String> = inputs.flat_map(|ty| tokens::reference_lifetimes(&ty)).collect();
        let taken = tokens::lifetimes(&self.output);
        // A macro may mention a lifetime where nothing of it is seen.
        let hidden = tokens::has_macro(&self.types) || tokens::has_macro(&signature.where_clause);
        let late = |name: &String| !hidden && (behind.contains(name) || !taken.contains(name));
        let elided = tokens::has_elided(&self.output);
        container::lifetimes(&signature.generics).iter().all(late)
            && (self.by_reference() || !elided && !self.hides())
            && !self.self_lifetimes
            && signature.asyncness.is_none()
    }

    /// Writes the type out.
    fn written(mut self, hot: &TokenStream) -> Option<Named> {
        let signature = self.signature;
        let mut inputs = Vec::new();
        if let Some(receiver) = &signature.receiver {
            inputs.push(self.name_borrowed(receiver)?);
        } else if self.self_lifetimes
            && tokens::has_elided(&self.output)
            && tokens::mentions(&self.types, "Self")
        {
            return None;
        }
        inputs.extend(signature.arguments.iter().map(|argument| argument.ty.clone()));

        let Reading { container, mut output, lifetimes, callable, .. } = self;
        if let Some(header) = container.header() {
            let alone = header.self_alone(hot);
            let (ty, path) = (&header.self_type, &header.trait_path);
            let before_path = quote!(<#ty as #path>);
            let replace = |ty| tokens::replace_self(ty, &alone, &before_path);
            inputs = inputs.into_iter().map(replace).collect();
            output = replace(output);
        }
        let given: Vec<String> = inputs.iter().flat_map(tokens::constraining_lifetimes).collect();
        let taken = tokens::lifetimes(&output);
        if taken.iter().any(|name| lifetimes.contains(name) && !given.contains(name)) {
            return None;
        }
        let lifetimes = lifetimes.iter().map(|name| tokens::lifetime(name)).collect();
        let qualifiers = signature.pointer_qualifiers();
        Some(Named { lifetimes, inputs, output, qualifiers, callable })
    }

    /// Returns the receiver's type. If the result borrows from it, both get the same lifetime.
    fn name_borrowed(&mut self, receiver: &Receiver) -> Option<TokenStream> {
        let ty = receiver.full_type();
        if !tokens::has_elided(&self.output) || self.hides() {
            return Some(ty);
        }
        let mut found = 0;
        let ty = tokens::name_elided(ty, &mut || {
            found += 1;
            tokens::lifetime("__hot_self")
        });
        let named = tokens::lifetimes(&ty);
        let borrowed = match (found, named.as_slice()) {
            // `&'a self`: the result borrows for `'a`.
            (0, [name]) if name != "_" => name.clone(),
            (0, _) if self.self_lifetimes => return None,
            (0, _) => return Some(ty),
            (1, _) => {
                self.lifetimes.push("__hot_self".to_owned());
                "__hot_self".to_owned()
            }
            _ => return None,
        };
        let output = std::mem::take(&mut self.output);
        self.output = tokens::name_elided(output, &mut || tokens::lifetime(&borrowed));
        Some(ty)
    }
}

/// Returns the type but for its result. All lifetimes have names here, since they are written
/// twice.
fn ask(
    signature: &Signature,
    container: Container<'_>,
    mut lifetimes: Vec<String>,
    callable: bool,
    hot: &TokenStream,
) -> Option<Named> {
    let arguments = signature.arguments.iter().map(|argument| &argument.ty);
    let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
    let header = container.header()?;
    let many = signature.receiver.iter().len() + signature.arguments.len() > MAX_ARGUMENTS;
    if !callable || many || signature.unsafety.is_some() || arguments.clone().any(may_hide_lifetime)
    {
        return None;
    }
    let (alone, ty, path) = (header.self_alone(hot), &header.self_type, &header.trait_path);
    let before_path = quote!(<#ty as #path>);
    let mut name = |ty: TokenStream| {
        let mut next = || {
            lifetimes.push(format!("__hot_{}", lifetimes.len()));
            lifetimes.last().map(|name| tokens::lifetime(name)).unwrap_or_default()
        };
        let ty = tokens::name_elided(ty, &mut next);
        tokens::replace_self(ty, &alone, &before_path)
    };
    let inputs: Vec<TokenStream> =
        receiver.into_iter().chain(arguments.cloned()).map(&mut name).collect();
    let given: Vec<String> = inputs.iter().flat_map(tokens::constraining_lifetimes).collect();
    let lifetimes = lifetimes
        .iter()
        .map(|name| given.contains(name).then(|| tokens::lifetime(name)))
        .collect::<Option<_>>()?;
    let qualifiers = signature.pointer_qualifiers();
    Some(Named { lifetimes, inputs, output: TokenStream::new(), qualifiers, callable })
}

fn bounded(generics: &Generics) -> bool {
    let bounded = |parameter: &GenericParam| match parameter {
        GenericParam::Lifetime(lifetime) => !lifetime.bounds.is_empty(),
        _ => false,
    };
    generics.params.iter().any(bounded)
}
