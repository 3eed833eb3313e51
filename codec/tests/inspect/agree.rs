//! What the inspector and the dump find in a stream, in the same words.

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::{Event, Inspector, Recoder};
use gobrpc_codec::{Error, ErrorKind, Limits};

/// What is in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Offsets and lengths of messages.
    pub(crate) messages: Vec<(u64, u64)>,
    /// Offsets and ids of definitions.
    pub(crate) definitions: Vec<(u64, i32)>,
    /// Offsets and types of values at top level.
    pub(crate) values: Vec<(u64, i32)>,
    pub(crate) fault: Option<ErrorKind>,
}

/// What the inspector finds, and the stream written again.
pub(crate) fn inspect<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
) -> (Findings, Vec<u8>, Option<Error>) {
    let mut inspector = Inspector::with_limits(limits);
    let mut recoder = Recoder::new();
    let mut out = Vec::new();
    let mut found = Findings {
        messages: Vec::new(),
        definitions: Vec::new(),
        values: Vec::new(),
        fault: None,
    };
    for chunk in chunks {
        inspector.feed(chunk);
        loop {
            match inspector.next_event() {
                Ok(None) => break,
                Ok(Some(event)) => {
                    recoder.event(&event, &mut out).unwrap();
                    found.take(&event);
                }
                Err(error) => {
                    found.fault = Some(error.kind());
                    return (found, out, Some(error));
                }
            }
        }
    }
    let error = inspector.finish().err();
    found.fault = error.as_ref().map(Error::kind);
    (found, out, error)
}

impl Findings {
    fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::MessageStart { offset, length } => self.messages.push((offset, length)),
            Event::Definition {
                offset, definition, ..
            } => self.definitions.push((offset, definition.id.get())),
            Event::ValueStart { offset, id } => self.values.push((offset, id.get())),
            _ => {}
        }
    }
}

/// The text of the dump of a stream that comes in these chunks.
pub(crate) fn dump<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
) -> (String, Option<Error>) {
    let mut dumper = Dumper::with_limits(limits);
    let mut text = Vec::new();
    for chunk in chunks {
        dumper.feed(chunk);
        dumper.write_to(&mut text).unwrap();
    }
    dumper.finish(&mut text).unwrap();
    (String::from_utf8(text).unwrap(), dumper.fault().cloned())
}

/// What the dump's text says, with every byte of the stream in its place.
pub(crate) fn read_dump(text: &str, stream: &[u8]) -> Findings {
    let mut found = Findings {
        messages: Vec::new(),
        definitions: Vec::new(),
        values: Vec::new(),
        fault: None,
    };
    let mut covered: usize = 0;
    for line in text.lines() {
        if let Some(fault) = line.strip_prefix("----  ") {
            assert!(
                fault.contains(&format!("at byte {covered}: ")),
                "{covered}: {fault}"
            );
            continue;
        }
        let (offset, rest) = line.split_once("  ").unwrap();
        let offset = usize::from_str_radix(offset, 16).unwrap();
        assert_eq!(offset, covered, "{line}");
        let (hex, words) = rest.split_at(28);
        let bytes = crate::stream::unhex(hex);
        assert!(!bytes.is_empty() && bytes.len() <= 9, "{line}");
        assert_eq!(stream.get(offset..offset + bytes.len()), Some(&bytes[..]));
        covered += bytes.len();
        found.read(offset as u64, words.trim_start());
    }
    assert_eq!(covered, stream.len());
    found
}

impl Findings {
    fn read(&mut self, offset: u64, words: &str) {
        let words = words
            .strip_prefix("(level ")
            .map_or(words, |rest| rest.split_once(") ").unwrap().1);
        let number = |rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest[..end.unwrap_or(rest.len())].parse::<u64>().unwrap()
        };
        if let Some(rest) = words.strip_prefix("message of ") {
            // The inspector does not begin a message that is not whole.
            if !rest.contains("are there") {
                self.messages.push((offset, number(rest)));
            }
        } else if let Some(rest) = words.strip_prefix("definition of type ") {
            self.definitions.push((offset, number(rest) as i32));
        } else if let Some(rest) = words.strip_prefix("value of type ") {
            self.values.push((offset, number(rest) as i32));
        }
    }
}

/// Runs both on a stream; they must agree on whether it is good, and on all that
/// is in a good one. Gives the fault.
#[track_caller]
pub(crate) fn agree(stream: &[u8], limits: Limits) -> Option<Error> {
    let (inspected, _, error) = inspect([stream], limits);
    let (text, fault) = dump([stream], limits);
    let dumped = read_dump(&text, stream);
    match (&error, &fault) {
        (None, None) => assert_eq!(inspected, dumped),
        (Some(error), Some(fault)) => {
            // A message that is not whole is dumped as far as it is there, and may
            // be wrong before it ends.
            if error.kind() != ErrorKind::Truncated {
                assert_eq!(
                    error.kind(),
                    fault.kind(),
                    "{error} / {fault} / {stream:02x?}"
                );
                assert_eq!(inspected.messages, dumped.messages, "{error} / {fault}");
            }
        }
        _ => panic!("inspector: {error:?}, dump: {fault:?}, of {stream:02x?}\n{text}"),
    }
    error
}
