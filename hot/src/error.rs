//! What can go wrong, in sentences.

/// Why something asked of this crate was not done. The program is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
        "`{name}` is the name of {} hot functions: {}; rename one, or give the full name where they differ",
        places.len(),
        places.join(" and ")
    )]
    Ambiguous {
        /// The name or path that was given.
        name: String,
        /// For each function its full name, file and line.
        places: Vec<String>,
    },
    /// There are no slots in this build.
    #[error(
        "`{name}` cannot be replaced, since hot is built without its feature `enabled`; take `default-features = false` off the dependency, or enable the feature"
    )]
    NotInstrumented {
        /// The name or path that was given.
        name: String,
    },
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
