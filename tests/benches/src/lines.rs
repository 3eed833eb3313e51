//! [`Lines`]: figures as lines of JSON, beside the tables.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::Result;

/// A file of a line for each figure, if one was asked for.
#[derive(Debug)]
pub struct Lines(Option<File>);

impl Lines {
    /// Begins the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(path: Option<&PathBuf>) -> Result<Self> {
        Ok(Self(path.map(File::create).transpose()?))
    }

    /// One more figure.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&mut self, figure: &Value) -> Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{figure}")?;
        }
        Ok(())
    }
}
