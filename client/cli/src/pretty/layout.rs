//! [`Layout`]: where lines break, and what colour words have.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::Style;
use super::token::{Class, Token, Tokens};

/// Lays tokens out: what fits stays on its line, all else has a line for each part.
pub(super) struct Layout<'a, W> {
    tokens: Tokens<'a>,
    /// Tokens that were looked at ahead.
    ahead: VecDeque<Token>,
    style: Style,
    out: &'a mut W,
    levels: Vec<Level>,
    /// Columns of the line that are taken.
    column: usize,
    /// The name of a member was written, and its value comes next.
    named: bool,
}

/// A composite that is open.
struct Level {
    /// It has a line for each part.
    broken: bool,
    empty: bool,
}

/// Where lines end, if they can.
const WIDTH: usize = 100;

/// Deeper levels are not moved further: the text would grow with the square of the
/// depth, which a stranger may choose.
const DEEPEST: usize = 40;

impl<'a, W: Write> Layout<'a, W> {
    pub(super) fn new(tokens: Tokens<'a>, style: Style, out: &'a mut W) -> Self {
        Self {
            tokens,
            ahead: VecDeque::new(),
            style,
            out,
            levels: Vec::new(),
            column: 0,
            named: false,
        }
    }

    pub(super) fn write(mut self) -> io::Result<()> {
        while let Some(token) = self.next() {
            self.token(&token)?;
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Token> {
        self.ahead.pop_front().or_else(|| self.tokens.next())
    }

    fn token(&mut self, token: &Token) -> io::Result<()> {
        match token {
            Token::Close(bracket) => {
                let level = self.levels.pop();
                if level.is_some_and(|level| level.broken && !level.empty) {
                    self.new_line()?;
                }
                self.put(bracket.encode_utf8(&mut [0; 4]), None)
            }
            Token::Open(bracket) => {
                self.separate()?;
                let flat = self.levels.last().is_some_and(|level| !level.broken);
                let broken = !flat && !self.fits();
                self.put(bracket.encode_utf8(&mut [0; 4]), None)?;
                let empty = true;
                self.levels.push(Level { broken, empty });
                Ok(())
            }
            Token::Key(name) => {
                self.separate()?;
                self.put(name, Some("34;1"))?;
                self.put(": ", None)?;
                self.named = true;
                Ok(())
            }
            Token::Scalar(class, text) => {
                self.separate()?;
                self.put(
                    text,
                    Some(match class {
                        Class::Word => "35",
                        Class::Number => "33",
                        Class::Text => "32",
                        Class::Known => "36",
                        Class::Type => "1",
                    }),
                )
            }
        }
    }

    /// Writes what stands between this token and the last one.
    fn separate(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.named) {
            return Ok(());
        }
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        let first = std::mem::replace(&mut level.empty, false);
        let broken = level.broken;
        if !first {
            self.put(if broken { "," } else { ", " }, None)?;
        }
        if broken { self.new_line() } else { Ok(()) }
    }

    /// Whether the composite that has just begun ends before the line does.
    fn fits(&mut self) -> bool {
        let mut room = WIDTH.saturating_sub(self.column + 1);
        let mut depth = 1_usize;
        let mut place = 0;
        while depth > 0 {
            if place == self.ahead.len() {
                let Some(token) = self.tokens.next() else {
                    return true;
                };
                self.ahead.push_back(token);
            }
            let width = match self.ahead.get(place) {
                Some(Token::Open(_)) => {
                    depth += 1;
                    3
                }
                Some(Token::Close(_)) => {
                    depth -= 1;
                    1
                }
                // Bytes rather than characters, as it need not be exact.
                Some(Token::Key(text) | Token::Scalar(_, text)) => text.len() + 2,
                None => 0,
            };
            place += 1;
            match room.checked_sub(width) {
                Some(rest) => room = rest,
                None => return false,
            }
        }
        true
    }

    fn new_line(&mut self) -> io::Result<()> {
        let indent = 2 * self.levels.len().min(DEEPEST);
        write!(self.out, "\n{:indent$}", "")?;
        self.column = indent;
        Ok(())
    }

    fn put(&mut self, text: &str, colour: Option<&str>) -> io::Result<()> {
        self.column += text.len();
        match colour.filter(|_| self.style.colours) {
            Some(colour) => write!(self.out, "\x1b[{colour}m{text}\x1b[0m"),
            None => self.out.write_all(text.as_bytes()),
        }
    }
}
