//! Tokens as a person would write them: `fn(&Cart, [u8; 4]) -> Vec<u8>`.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Renders tokens on one line.
pub fn render(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text.truncate(text.trim_end().len());
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    // A punctuation mark that the next one continues: `-` of `->`, `:` of `::`.
    let mut joint = None;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                let apart = match group.delimiter() {
                    Delimiter::Parenthesis => ends_with_keyword(text),
                    Delimiter::None => !group.stream().is_empty(),
                    _ => true,
                };
                if apart {
                    separate(text);
                }
                text.push_str(open);
                write(group.stream(), text);
                text.truncate(text.trim_end().len());
                text.push_str(close);
                joint = None;
            }
            TokenTree::Punct(punct) => {
                let mark = punct.as_char();
                match (joint.take(), mark) {
                    (Some('-'), '>') => {
                        text.truncate(text.trim_end_matches('-').trim_end().len());
                        text.push_str(" -> ");
                    }
                    (Some(':'), ':') => text.push(':'),
                    (_, ',' | ';') => text.extend([mark, ' ']),
                    (_, '=' | '+') => text.extend([' ', mark, ' ']),
                    (_, ':') if punct.spacing() == Spacing::Alone => text.push_str(": "),
                    (_, ':') => {
                        if ends_with_keyword(text) {
                            separate(text);
                        }
                        text.push(':');
                    }
                    (_, '>') if text.ends_with(", ") => {
                        text.truncate(text.len() - 2);
                        text.push('>');
                    }
                    (_, '\'') => {
                        separate(text);
                        text.push(mark);
                    }
                    _ => text.push(mark),
                }
                joint = (punct.spacing() == Spacing::Joint).then_some(mark);
            }
            word => {
                separate(text);
                text.push_str(&word.to_string());
                joint = None;
            }
        }
    }
}

/// A space, where two words would run together.
fn separate(text: &mut String) {
    if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '>' | ')' | ']' | '"')) {
        text.push(' ');
    }
}

fn ends_with_keyword(text: &str) -> bool {
    let word = text.rsplit(|c: char| !c.is_alphanumeric()).next();
    matches!(word, Some("mut" | "dyn" | "const" | "impl" | "as"))
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn as_written() {
        for text in [
            "fn(&Cart) -> u64",
            "for<'a> unsafe extern \"C\" fn(&'a mut [u8; 4], (u8, i8)) -> &'a str",
            "fn(Vec<Option<u8>>, std::fmt::Result) -> Box<dyn Fn(&u8) -> bool + Send + 'static>",
            "fn(impl Iterator<Item = u8>) -> impl Into<String>",
            "fn(*const u8, &mut (u8, u8), Pin<&mut Self>) -> !",
            "for<T: Ord + Clone, const N: usize> fn([T; N]) -> T where T: Debug",
            "&'a Cart",
            "fn(Box<dyn ::core::any::Any>) -> Vec<::core::primitive::u8>",
        ] {
            assert_eq!(render(text.parse().unwrap()), text);
        }
        assert_eq!(render("for <'a,T,> fn( T , )".parse().unwrap()), "for<'a, T> fn(T,)");
    }
}
