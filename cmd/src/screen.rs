//! Who has the terminal: the lines of the tool, or a program that draws on it.
//!
//! A program that fills the screen takes the terminal out of line mode and draws. Lines of the tool
//! would stand amid the picture, and push it up. So what is to be said while the terminal is in
//! such a mode, and it is neither the one that it had at the start nor the one that `keys` sets, is
//! held back; the terminal's title shows the last of it. It is written once the program has given
//! the terminal back, or has ended. One that was killed gives nothing back: then the terminal is
//! brought out of what such programs bring it into.
//!
//! All this only where standard error is the terminal: `2>file` is written to at once.

use anstream::{AutoStream, ColorChoice};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr,
};
use std::io::{IsTerminal, Stderr, Write, stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More than this is not held back; what is oldest goes.
const MOST: usize = 256 << 10;

/// The part of a mode that programs change.
type Mode = (InputModes, OutputModes, LocalModes);

struct Screen {
    /// How the terminal was before the program had it.
    before: Option<Termios>,
    /// The mode in which the tool reads keys.
    keys: Option<Mode>,
    held: Vec<u8>,
}

static SCREEN: Mutex<Screen> = Mutex::new(Screen { before: None, keys: None, held: Vec::new() });

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn part(mode: &Termios) -> Mode {
    (mode.input_modes, mode.output_modes, mode.local_modes)
}

impl Screen {
    /// True if a program has this terminal.
    fn is_taken(&self, terminal: &Stderr) -> bool {
        let Some(before) = &self.before else { return false };
        let Ok(now) = tcgetattr(terminal) else { return false };
        let known = [Some(part(before)), self.keys];
        !now.local_modes.contains(LocalModes::ICANON) && !known.contains(&Some(part(&now)))
    }

    fn release(&mut self, terminal: &Stderr) {
        if !self.held.is_empty() {
            let held = match AutoStream::choice(terminal) {
                ColorChoice::Never => anstream::adapter::strip_bytes(&self.held).into_vec(),
                _ => self.held.clone(),
            };
            // The title of before comes back. If standard error is gone there is no reader.
            let _ = terminal.lock().write_all(&[b"\x1b[23;2t", &*held].concat());
            self.held.clear();
        }
    }
}

/// Notes how the terminal is before a program has it.
pub fn begin() {
    let terminal = stderr();
    if terminal.is_terminal() {
        screen().before = tcgetattr(&terminal).ok();
    }
}

/// The mode in which the tool reads keys.
pub fn keys_read_in(mode: &Termios) {
    screen().keys = Some(part(mode));
}

/// Reports whether a program draws on the terminal.
pub fn is_taken() -> bool {
    screen().is_taken(&stderr())
}

/// Holds a text back if a program draws on the terminal; otherwise writes all that was held back.
/// Reports whether it was held back.
pub fn hold(text: &[u8]) -> bool {
    let terminal = stderr();
    let mut screen = screen();
    if !screen.is_taken(&terminal) {
        screen.release(&terminal);
        return false;
    }
    let begin: &[u8] = if screen.held.is_empty() { b"\x1b[22;2t" } else { b"" };
    screen.held.extend_from_slice(text);
    let more = screen.held.len().saturating_sub(MOST);
    screen.held.drain(..more);
    if let Some(title) = title(text) {
        let title = format!("\x1b]2;{title}\x07");
        // See above.
        let _ = terminal.lock().write_all(&[begin, title.as_bytes()].concat());
    }
    true
}

/// The program has ended: the terminal is the tool's again.
pub fn end() {
    let terminal = stderr();
    let mut screen = screen();
    if screen.is_taken(&terminal) {
        // Out of the other screen; the cursor, plain letters; no mouse, no brackets around pastes.
        const OUT: &[u8] =
            b"\x1b[?1049l\x1b[?25h\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\r";
        let _ = terminal.lock().write_all(OUT);
        if let Some(before) = &screen.before {
            // If the terminal is gone, so is its mode.
            let _ = tcsetattr(&terminal, OptionalActions::Now, before);
        }
    }
    screen.release(&terminal);
}

/// Returns the part of a text that the title shows: its first line with words in it.
fn title(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let text = anstream::adapter::strip_str(&text).to_string();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = if line.starts_with("hot") { line.to_owned() } else { format!("hot: {line}") };
    Some(line.chars().filter(|c| !c.is_control()).take(120).collect())
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn the_title_is_a_plain_line() {
        let told = title("\n\x1b[1m✓ Hot reload\x1b[0m was\x07 successful: a\n  more\n".as_bytes());
        assert_eq!(told.as_deref(), Some("hot: ✓ Hot reload was successful: a"));
        assert_eq!(title(b"hot: note\n").as_deref(), Some("hot: note"));
        assert_eq!(title(b" \n"), None);
    }
}
