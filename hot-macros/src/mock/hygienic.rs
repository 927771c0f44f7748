//! Names in an expansion that nothing around it can mean.

/// `quote!` whose variables are not those of the code around it, whatever they are called.
macro_rules! hygienic {
    ($($tokens:tt)*) => { quote::quote_spanned!(proc_macro2::Span::mixed_site()=> $($tokens)*) };
}

pub(super) use hygienic;
