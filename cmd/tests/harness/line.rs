//! Questions to the program, over one TCP connection.
//!
//! The connection is opened once and kept. The program numbers its answers on each connection: a
//! number out of order would mean that the connection's task, or the program, was begun again.

use super::tool::PATIENCE;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
};

/// An open connection.
pub struct Line {
    stream: BufReader<TcpStream>,
    asked: usize,
}

impl Line {
    /// Connects to the port that the program wrote to `file`, if it did.
    pub fn open(file: &Path) -> Option<Line> {
        let port: u16 = fs::read_to_string(file).ok()?.parse().expect("a port");
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a read time-out");
        Some(Line { stream: BufReader::new(stream), asked: 0 })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Panics
    /// When none comes or its number is not the next.
    pub fn ask(&mut self, question: &str) -> String {
        self.send(question);
        let mut answer = String::new();
        self.stream.read_line(&mut answer).expect("an answer");
        let expected = format!("{} ", self.asked);
        let answer = answer.trim_end_matches('\n');
        let text = answer.strip_prefix(&expected);
        text.unwrap_or_else(|| panic!("{question}: answer {expected}expected, got {answer:?}"))
            .into()
    }

    /// Asks something that is not answered.
    pub fn send(&mut self, question: &str) {
        self.asked += 1;
        writeln!(self.stream.get_mut(), "{question}").expect("the connection to be open");
    }
}
