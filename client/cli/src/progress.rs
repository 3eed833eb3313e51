//! [`Progress`]: how far a command has come with a large stream.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on the terminal for a stream that takes long to read; it is gone when
/// this is dropped, and so never stands in the way of an error.
///
/// There is none unless standard error is a terminal, nor if standard output is
/// one, too: what is printed there shows how far the command has come.
#[derive(Debug)]
pub(crate) struct Progress {
    length: Option<u64>,
    done: u64,
    bar: Option<ProgressBar>,
    wanted: bool,
}

/// Shorter streams are read before anyone has looked.
const LARGE: u64 = 4 << 20;

impl Progress {
    /// The progress of a stream of this length, if it is known.
    pub(crate) fn new(length: Option<u64>) -> Self {
        let large = length.is_none_or(|length| length >= LARGE);
        Self {
            length,
            done: 0,
            bar: None,
            wanted: large && io::stderr().is_terminal() && !io::stdout().is_terminal(),
        }
    }

    /// So many bytes more were read.
    pub(crate) fn add(&mut self, bytes: usize) {
        if !self.wanted {
            return;
        }
        self.done += bytes as u64;
        match &self.bar {
            Some(bar) => bar.set_position(self.done),
            None if self.length.is_some() || self.done >= LARGE => {
                self.bar = Some(self.start());
            }
            None => {}
        }
    }

    fn start(&self) -> ProgressBar {
        // The templates are fixed: were one of them wrong, indicatif's own would do.
        let (bar, template) = match self.length {
            Some(length) => (
                ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()),
                "{bar:30} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
                "{spinner} {binary_bytes}, {binary_bytes_per_sec}",
            ),
        };
        let style = match self.length {
            Some(_) => ProgressStyle::default_bar(),
            None => ProgressStyle::default_spinner(),
        };
        if let Ok(style) = style.template(template) {
            bar.set_style(style);
        }
        bar.set_position(self.done);
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
