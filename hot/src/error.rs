//! The errors of this crate, in sentences.

/// Why something asked of this crate was not done. The program is as it was.
///
/// Its `Debug` is its sentence, so that `unwrap()` in a test says what to do.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No hot function has this name.
    #[error("there is no hot function `{name}`{}", suggestion(nearest))]
    UnknownName {
        /// The name or path that was given.
        name: String,
        /// The names most like it, best first; may be empty.
        nearest: Vec<String>,
    },
    /// More than one hot function has this name.
    #[error(
        "`{name}` is the name of {} hot functions: {}; rename one, or give the full name where \
         they differ",
        places.len(),
        places.join(" and ")
    )]
    Ambiguous {
        /// The name or path that was given.
        name: String,
        /// For each function its full name, file and line.
        places: Vec<String>,
    },
    /// The function cannot be named from where it is asked for.
    #[error("{}", private(name, visibility, module, *of_trait))]
    Private {
        /// The function's name.
        name: String,
        /// Its visibility, in words or as written.
        visibility: String,
        /// The module in which it stands.
        module: String,
        /// It is a method of a trait impl.
        of_trait: bool,
    },
    /// There are no slots in this build.
    #[error(
        "`{name}` cannot be replaced, since hot is built without its feature `enabled`; take \
         `default-features = false` off the dependency, or enable the feature"
    )]
    NotInstrumented {
        /// The name or path that was given.
        name: String,
    },
    /// The path stands for something else than a hot function.
    #[error(
        "`{path}` is not a hot function: put `#[hot]` on it, its impl block or its module; for a \
         function of std or of a dependency write a thin `#[hot]` function around it, call that, \
         and mock that"
    )]
    NotHot {
        /// The item, as the compiler prints its path.
        path: String,
    },
    /// A function of a crate without hot functions.
    #[error(
        "`{name}` cannot be hot, since it is not in this workspace: write a thin `#[hot]` \
         function around it, call that, and mock that, such as `#[hot] fn open(path: &Path) -> \
         io::Result<File> {{ File::open(path) }}`"
    )]
    Foreign {
        /// The name or path that was given.
        name: String,
    },
    /// A function pointer or a closure variable was given where the path of a function is needed.
    #[error(
        "`{given}` does not tell which function is meant: give the path itself, such as \
         `Cart::total`, not a pointer to it"
    )]
    NotAnItem {
        /// The type that was given.
        given: String,
    },
    /// The replacement is of another type than the function.
    #[error("`{name}` is of type `{expected}`, and what is to stand for it of type `{given}`")]
    SignatureMismatch {
        /// The function's name.
        name: String,
        /// Its type, as written.
        expected: String,
        /// The type of the replacement, as the compiler prints it.
        given: String,
    },
    /// A mock or a call that is `async` was given for a function that is not, or the other way
    /// round.
    #[error("`{name}` is {}`async`: use {with}", if *is { "" } else { "not " })]
    AsyncMismatch {
        /// The function's name.
        name: String,
        /// The function is `async`.
        is: bool,
        /// The thing to use instead.
        with: &'static str,
    },
    /// No mock can stand for this function.
    #[error("`{name}` cannot be mocked: {why}")]
    CannotMock {
        /// The function's name.
        name: String,
        /// Why, and what to do instead.
        why: String,
    },
    /// A pattern that no function's name fits.
    #[error("no hot function fits `{pattern}`{}", suggestion(nearest))]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The names most like it, best first; may be empty.
        nearest: Vec<String>,
    },
    /// A mock was put into a scope that has ended.
    #[error("the scope is over: its mocks ended with it")]
    ScopeIsOver,
    /// Expectations of mocks that were not met.
    #[error("{}", failures.join("\n"))]
    ExpectationFailed {
        /// A sentence for each mock.
        failures: Vec<String>,
    },
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn private(name: &str, visibility: &str, module: &str, of_trait: bool) -> String {
    let shown = match (of_trait, visibility) {
        (true, "`unsafe impl`") => {
            return format!(
                "`{name}` is of an `unsafe impl`, which promises what its methods do: put the call \
                 into a `#[hot]` function and mock that"
            );
        }
        (true, _) => {
            return format!(
                "`{name}` is of a trait of its own crate and is known by name in `{module}` only: \
                 give its path, as in `<Type as Trait>::method`"
            );
        }
        _ => visibility,
    };
    format!(
        "`{name}` is {shown} in `{module}`: use a macro (`hot::mock_by_name!`, `hot::forbid!`) where \
         the function is visible, give its path, or make it `pub`"
    )
}

fn suggestion(nearest: &[String]) -> String {
    match nearest {
        [] => "; hot::functions() lists those that there are".to_owned(),
        [one] => format!("; did you mean `{one}`?"),
        [first @ .., last] => {
            format!("; did you mean `{}` or `{last}`?", first.join("`, `"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn sentences() {
        let nearest = |names: &[&str]| Error::UnknownName {
            name: "shop/totla".to_owned(),
            nearest: names.iter().map(|name| name.to_string()).collect(),
        };
        assert_eq!(
            nearest(&["shop/total"]).to_string(),
            "there is no hot function `shop/totla`; did you mean `shop/total`?"
        );
        assert_eq!(
            nearest(&["a", "b", "c"]).to_string(),
            "there is no hot function `shop/totla`; did you mean `a`, `b` or `c`?"
        );
        assert_eq!(
            nearest(&[]).to_string(),
            "there is no hot function `shop/totla`; hot::functions() lists those that there are"
        );
        let places = vec!["a/f at src/a.rs:3".to_owned(), "a/f at src/b.rs:9".to_owned()];
        assert_eq!(
            Error::Ambiguous { name: "a/f".to_owned(), places }.to_string(),
            "`a/f` is the name of 2 hot functions: a/f at src/a.rs:3 and a/f at src/b.rs:9; \
             rename one, or give the full name where they differ"
        );
    }
}
