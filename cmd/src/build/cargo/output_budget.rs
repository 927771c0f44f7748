//! Bounds what is kept of a compiler that says very much.
//!
//! A generated file may have ten thousand mistakes, and one of them may be told in megabytes. Of
//! each kind of message the first [`KEPT`] bytes are kept and shown, which is more than anybody
//! reads and holds what has to be mended first; what follows is read, so that the compiler comes to
//! its end, counted, and told as a number.

use std::io::{BufRead, ErrorKind, Result};

/// The number of bytes that are kept of one kind of message.
pub const KEPT: usize = 4 << 20;
/// The longest line that is held, in bytes. A message comes on one line.
const LONGEST: usize = 16 << 20;

/// The count of what has been kept of one kind of message, and of what has not.
#[derive(Debug, Default)]
pub struct OutputBudget {
    kept: usize,
    left_out: usize,
}

impl OutputBudget {
    /// Reports whether a message is kept. After one that is not, none is: what is shown is the
    /// beginning.
    pub fn admits(&mut self, text: &str) -> bool {
        let admitted = self.left_out == 0 && self.kept + text.len() <= KEPT;
        if admitted {
            self.kept += text.len()
        } else {
            self.left_out += 1
        }
        admitted
    }

    /// One more that is not kept, because it is too long.
    pub fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// Returns what is said in the place of those that were not kept.
    pub fn rest(&self, what: &str) -> Option<String> {
        let OutputBudget { kept, left_out } = self;
        (*left_out > 0).then(|| {
            format!(
                "{what}: {left_out} more are not shown, after the first {} KiB; mend those first\n",
                kept.div_ceil(1024)
            )
        })
    }
}

/// The lines of a stream, without their ends; `None` for each that is too long to be held.
pub fn lines(mut from: impl BufRead) -> impl Iterator<Item = Result<Option<Vec<u8>>>> {
    std::iter::from_fn(move || next_line(&mut from).transpose())
}

fn next_line(from: &mut impl BufRead) -> Result<Option<Option<Vec<u8>>>> {
    let (mut line, mut any, mut too_long) = (Vec::new(), false, false);
    loop {
        let chunk = match from.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|&byte| byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        too_long |= line.len() + part.len() > LONGEST;
        if too_long {
            line = Vec::new()
        } else {
            line.extend_from_slice(part)
        }
        let used = end.map_or(chunk.len(), |at| at + 1);
        from.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(any.then_some((!too_long).then_some(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read};

    #[test]
    fn the_beginning_is_kept_and_the_rest_counted() {
        let mut ration = OutputBudget::default();
        let text = "x".repeat(1 << 20);
        assert!((0..4).all(|_| ration.admits(&text)));
        assert_eq!(ration.rest("error"), None);
        assert!(!ration.admits("y") && !ration.admits(&text));
        ration.leave_out();
        let rest = ration.rest("error").unwrap();
        assert_eq!(
            rest,
            "error: 3 more are not shown, after the first 4096 KiB; mend those first\n"
        );
    }

    #[test]
    fn lines_come_whole_or_not_at_all() {
        let all = |text: &[u8]| lines(text).map(Result::unwrap).collect::<Vec<_>>();
        let line = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(all(b""), []);
        assert_eq!(all(b"a\n\nb"), [line("a"), line(""), line("b")]);
        let endless = std::io::repeat(b'x').take(64 << 20).chain(&b"\nafter\n"[..]);
        let mut lines = lines(BufReader::new(endless));
        assert_eq!(lines.next().unwrap().unwrap(), None);
        assert_eq!(lines.next().unwrap().unwrap(), line("after"));
        assert!(lines.next().is_none());
    }
}
