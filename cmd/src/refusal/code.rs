//! The kinds of refusal.
//!
//! One table makes the enum and all that is known of each kind, so that none can lack a code. The
//! first two digits of a code are its subject; the gaps are for kinds to come. A code that was
//! published is never given to another kind.

/// Makes the enum and its descriptions from one table.
macro_rules! refusals {
    ($($kind:ident $code:literal $word:literal: $title:literal, $remedy:literal;)*) => {
        /// A kind of reason for which a change does not go live.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $(#[doc = $title] $kind,)*
        }

        impl Refusal {
            /// All kinds, in the order of their codes.
            pub const ALL: &[Refusal] = &[$(Refusal::$kind,)*];

            /// Returns the stable code: `HOT0103`.
            pub const fn code(self) -> &'static str {
                match self { $(Refusal::$kind => $code,)* }
            }

            /// Returns the word that events carry in `why`: `layout`.
            pub const fn word(self) -> &'static str {
                match self { $(Refusal::$kind => $word,)* }
            }

            /// Returns the sentence that says what stands in the way.
            pub const fn title(self) -> &'static str {
                match self { $(Refusal::$kind => $title,)* }
            }

            /// Returns the sentence that says what to do.
            pub const fn remedy(self) -> &'static str {
                match self { $(Refusal::$kind => $remedy,)* }
            }
        }
    };
}

refusals! {
    Signature "HOT0101" "signature":
        "The signature of a hot function has changed, and callers that run pass the old arguments.",
        "Restart the program, or leave the signature and add a function beside it.";
    Static "HOT0102" "static":
        "New code needs a static that it cannot share with the running program: the static has \
         another type now, or the running one cannot be told apart from others.",
        "Restart the program; where statics cannot be told apart, give each a name of its own.";
    Layout "HOT0103" "layout":
        "A type has another layout now, and values of the old one may exist in the program.",
        "Restart the program, or take the change of the type back.";
    ThreadLocal "HOT0104" "thread-local":
        "New code needs a thread-local that it cannot share with the running threads, or one for \
         which they have no room.",
        "Restart the program, or make a large thread-local smaller (a `Box` holds the rest).";
    Symbol "HOT0201" "symbol":
        "New code needs a symbol that the program does not have, or that cannot be told apart from \
         another.",
        "Restart the program, which is then linked with what was missing.";
    Relocation "HOT0202" "relocation":
        "New code refers to something in a way that a patch cannot express.",
        "Restart the program; if safe Rust code leads here, please report it.";
    Alignment "HOT0203" "alignment":
        "Something in the new code wants a larger alignment than a patch has.",
        "Restart the program, or ask for the alignment of a page at most.";
    Allocator "HOT0204" "allocator":
        "The program's global allocator is another one now, and what the old one gave the new one \
         must not free.",
        "Restart the program.";
    Profile "HOT0301" "profile":
        "The program is built with a setting in which no change can go live.",
        "Change the setting that the refusal names: `hot doctor` checks the profile.";
    Restart "HOT0302" "restart":
        "Only a build by cargo and a restart take the change, and restarts are not wanted now.",
        "Run without `--no-restart`, or end the dry run.";
    NotConnected "HOT0401" "not-connected":
        "The change is built, and the program does not listen for patches yet.",
        "Call `hot::reloader_loop()` or `hot::spawn_reloader()` where `main` begins; the change is \
         loaded as soon as the program listens.";
    Program "HOT0402" "program":
        "The program did not take the patch, or the process that listens is another one.",
        "Restart the program; the sentence beside the refusal is the program's own reason.";
    Internal "HOT0901" "internal":
        "Something that hot relies on is broken: a file cannot be read, or hot itself is at fault.",
        "Build again; if the refusal comes back, please report it with its sentence.";
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use std::collections::HashSet;

    /// Programs that read the events rely on both.
    #[test]
    fn words_and_codes_are_those_that_were_published() {
        let published = [
            ("signature", "HOT0101"),
            ("static", "HOT0102"),
            ("layout", "HOT0103"),
            ("thread-local", "HOT0104"),
            ("symbol", "HOT0201"),
            ("relocation", "HOT0202"),
            ("alignment", "HOT0203"),
            ("allocator", "HOT0204"),
            ("profile", "HOT0301"),
            ("restart", "HOT0302"),
            ("not-connected", "HOT0401"),
            ("program", "HOT0402"),
            ("internal", "HOT0901"),
        ];
        let all = Refusal::ALL.iter().map(|refusal| (refusal.word(), refusal.code()));
        assert_eq!(all.collect::<Vec<_>>(), published);
    }

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        let unique: HashSet<&&str> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
    }

    #[test]
    fn titles_and_remedies_are_sentences() {
        for refusal in Refusal::ALL {
            for text in [refusal.title(), refusal.remedy()] {
                let begins = text.starts_with(|c: char| c.is_ascii_uppercase());
                assert!(begins && text.ends_with('.') && !text.contains("  "), "{text}");
            }
        }
    }
}
