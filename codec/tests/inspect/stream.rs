//! Streams: Go's, and some by hand.

use std::path::Path;

/// A stream that Go wrote.
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// All of Go's streams; none, aloud, in a package without the repository.
pub(crate) fn goldens() -> Vec<Golden> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let Ok(entries) = std::fs::read_dir(&directory) else {
        eprintln!("SKIPPED: {} is not there", directory.display());
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs it");
        return Vec::new();
    };
    let mut goldens: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .map(|path| Golden {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            bytes: unhex(&std::fs::read_to_string(&path).unwrap()),
        })
        .collect();
    goldens.sort_by(|one, two| one.name.cmp(&two.name));
    assert!(goldens.len() > 100, "only {} cases", goldens.len());
    goldens
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let digit = |c: u8| char::from(c).to_digit(16).unwrap() as u8;
    assert!(digits.len() % 2 == 0);
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) * 16 + digit(pair[1]))
        .collect()
}

/// Bytes of a stream, or of a part of it.
#[derive(Default, Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

pub(crate) fn bytes() -> Bytes {
    Bytes::default()
}

impl Bytes {
    pub(crate) fn uint(mut self, value: u64) -> Self {
        if value < 0x80 {
            self.0.push(value as u8);
            return self;
        }
        let count = 8 - value.leading_zeros() as usize / 8;
        self.0.push((count as u8).wrapping_neg());
        self.0.extend_from_slice(&value.to_be_bytes()[8 - count..]);
        self
    }

    pub(crate) fn int(self, value: i64) -> Self {
        self.uint(((value << 1) ^ (value >> 63)) as u64)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, text: &[u8]) -> Self {
        self.uint(text.len() as u64).raw(text)
    }

    pub(crate) fn message(self, body: &Self) -> Self {
        self.text(&body.0)
    }

    /// A definition without its message: `kind` is the number in `wireType`.
    pub(crate) fn bare(self, id: i64, kind: u64, rest: &Self) -> Self {
        self.int(-id)
            .uint(kind)
            .raw(&[1, 2])
            .int(id)
            .raw(&[0])
            .raw(&rest.0)
            .raw(&[0, 0])
    }

    pub(crate) fn define(self, id: i64, kind: u64, rest: &Self) -> Self {
        self.message(&bytes().bare(id, kind, rest))
    }

    pub(crate) fn array(self, id: i64, elem: i64, length: i64) -> Self {
        self.define(id, 1, &bytes().uint(1).int(elem).uint(1).int(length))
    }

    pub(crate) fn slice(self, id: i64, elem: i64) -> Self {
        self.define(id, 2, &bytes().uint(1).int(elem))
    }

    pub(crate) fn map(self, id: i64, key: i64, elem: i64) -> Self {
        self.define(id, 4, &bytes().uint(1).int(key).uint(1).int(elem))
    }

    pub(crate) fn fields(self, fields: &[(&[u8], i64)]) -> Self {
        let start = self.uint(1).uint(fields.len() as u64);
        fields.iter().fold(start, |list, (name, id)| {
            list.uint(1).text(name).uint(1).int(*id).uint(0)
        })
    }

    pub(crate) fn structure(self, id: i64, fields: &[(&[u8], i64)]) -> Self {
        self.define(id, 3, &bytes().fields(fields))
    }

    pub(crate) fn value(self, id: i64, body: &Self) -> Self {
        self.message(&bytes().int(id).raw(&body.0))
    }
}
