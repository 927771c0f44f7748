//! Lines of paths, of bounded length.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is taken, in bytes: far beyond the longest path.
pub(super) const LONGEST: usize = 64 << 10;

/// A line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes without the white space around it; never empty.
    Text(Vec<u8>),
    /// It was longer than [`LONGEST`] and is skipped.
    TooLong,
}

/// Splits a stream into lines and holds no more than one of them.
pub(super) struct Lines<R> {
    from: BufReader<R>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Lines { from: BufReader::new(from) }
    }

    /// Returns the next line that is not blank; `None` at the end of input. The last line needs no
    /// line break.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Vec::new();
            let mut too_long = false;
            let ended = loop {
                let chunk = match self.from.fill_buf() {
                    Ok(chunk) => chunk,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                let end = chunk.iter().position(|&byte| byte == b'\n');
                let part = &chunk[..end.unwrap_or(chunk.len())];
                too_long |= line.len() + part.len() > LONGEST;
                if !too_long {
                    line.extend_from_slice(part);
                }
                let (empty, used) = (chunk.is_empty(), end.map_or(chunk.len(), |at| at + 1));
                self.from.consume(used);
                if empty || end.is_some() {
                    break empty;
                }
            };
            if too_long {
                return Ok(Some(Line::TooLong));
            }
            let text = line.trim_ascii();
            if !text.is_empty() {
                return Ok(Some(Line::Text(text.to_vec())));
            }
            if ended {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(input);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.into())
    }

    #[test]
    fn blank_lines_and_white_space_go() {
        let found = lines(b"\n  \r\n/a\r\n\t/b c \n\n/d");
        assert_eq!(found, [text("/a"), text("/b c"), text("/d")]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b" \n"), []);
    }

    #[test]
    fn the_longest_line_is_taken_and_a_longer_one_skipped() {
        let longest = "x".repeat(LONGEST);
        let input = format!("{longest}\n{longest}y\n/after\n");
        assert_eq!(lines(input.as_bytes()), [text(&longest), Line::TooLong, text("/after")]);
        assert_eq!(lines("z".repeat(LONGEST + 1).as_bytes()), [Line::TooLong]);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut lines = Lines::new(io::repeat(b'x').take(64 << 20));
        assert_eq!(lines.next().unwrap(), Some(Line::TooLong));
        assert!(lines.from.capacity() <= LONGEST);
        assert_eq!(lines.next().unwrap(), None);
    }

    /// Gives out pieces of any size, and is interrupted in between.
    struct Pieces<'a> {
        rest: &'a [u8],
        sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.sizes.next().unwrap();
            if size == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (piece, rest) = self.rest.split_at(size.min(into.len()).min(self.rest.len()));
            into[..piece.len()].copy_from_slice(piece);
            self.rest = rest;
            Ok(piece.len())
        }
    }

    /// Returns the same from memory, in one look.
    fn expected(input: &[u8]) -> Vec<Line> {
        let lines = input.split(|&byte| byte == b'\n');
        let line = |line: &[u8]| match line.trim_ascii() {
            _ if line.len() > LONGEST => Some(Line::TooLong),
            [] => None,
            text => Some(Line::Text(text.to_vec())),
        };
        lines.filter_map(line).collect()
    }

    proptest! {
        /// Whatever comes, and however it is cut, it is read to its end and line by line.
        #[test]
        fn any_bytes_in_any_pieces(
            runs in vec(
                (prop_oneof![any::<u8>(), Just(b'\n'), Just(b' '), Just(b'/')],
                 prop_oneof![1..4usize, LONGEST - 2..LONGEST + 2]),
                0..12,
            ),
            sizes in vec(0..9000usize, 1..6),
        ) {
            let input: Vec<u8> = runs.iter().flat_map(|(byte, n)| vec![*byte; *n]).collect();
            // One at least must not be an interruption.
            let sizes = [sizes, vec![8192]].concat().into_iter().cycle();
            let mut lines = Lines::new(Pieces { rest: &input, sizes });
            let found: Vec<Line> = std::iter::from_fn(|| lines.next().unwrap()).collect();
            prop_assert!(found == expected(&input), "{} lines", found.len());
        }
    }
}
