//! Steps of the readers, which unit tests count: what a byte of a stream can cost,
//! told without a clock.

/// Counts steps: turns of a loop over what a stream says (numbers, items, types,
/// nodes of a plan), and bytes that are copied. In all other builds it is nothing.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn steps(_count: usize) {}

#[cfg(test)]
pub(crate) use tests::steps;

#[cfg(test)]
mod made;
#[cfg(test)]
#[path = "../tests/hostile/stream.rs"]
#[allow(dead_code, reason = "shared with the hostile streams")]
mod stream;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::sink;
    use std::path::Path;

    use crate::dump::Dumper;
    use crate::inspect::{Inspector, Recoder};
    use crate::{Decoder, Error, Gob, Interface, Value};

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn steps(count: usize) {
        COUNT.set(COUNT.get() + count);
    }

    /// The published bound: so many steps for any stream, and for each byte besides.
    const FIXED: usize = 256;
    const PER_BYTE: usize = 12;

    /// A stream in one piece or byte by byte.
    type Chunks<'a> = std::slice::Chunks<'a, u8>;

    fn decoder(chunks: Chunks<'_>, mut read: impl FnMut(&mut Decoder) -> Result<bool, Error>) {
        let mut decoder = Decoder::new();
        for chunk in chunks {
            decoder.feed(chunk);
            loop {
                match read(&mut decoder) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) if error.is_fatal() => return,
                    Err(_) => {}
                }
            }
        }
    }

    fn values(chunks: Chunks<'_>) {
        let mut kept: Vec<Value> = Vec::new();
        decoder(chunks, |decoder| {
            let value = decoder.decode_value()?;
            let more = value.is_some();
            kept.extend(value);
            Ok(more)
        });
    }

    fn kept(chunks: Chunks<'_>) {
        let mut kept = Vec::new();
        decoder(chunks, |decoder| {
            let value = decoder.take()?;
            let more = value.is_some();
            kept.extend(value);
            Ok(more)
        });
    }

    fn skip(chunks: Chunks<'_>) {
        decoder(chunks, Decoder::skip);
    }

    /// What the streams of the corpora hold fits some of its fields.
    #[derive(Gob, Default)]
    struct Any {
        a: i64,
        x: Vec<i64>,
        any: Interface,
        list: Vec<Interface>,
        next: Option<Box<Self>>,
        items: Vec<Self>,
    }

    fn typed(chunks: Chunks<'_>) {
        decoder(chunks, |decoder| Ok(decoder.decode::<Any>()?.is_some()));
    }

    fn from_input(chunks: Chunks<'_>) {
        let mut decoder = Decoder::new();
        for mut chunk in chunks {
            loop {
                match decoder.decode_from::<Any>(&mut chunk) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) if error.is_fatal() => return,
                    Err(_) => {}
                }
            }
        }
    }

    fn recode(chunks: Chunks<'_>) {
        let (mut inspector, mut recoder) = (Inspector::new(), Recoder::new());
        let mut out = Vec::new();
        for chunk in chunks {
            inspector.feed(chunk);
            while let Ok(Some(event)) = inspector.next_event() {
                recoder.event(&event, &mut out).unwrap();
            }
            out.clear();
        }
    }

    fn dump(chunks: Chunks<'_>) {
        let mut dumper = Dumper::new();
        for chunk in chunks {
            dumper.feed(chunk);
            dumper.write_to(&mut sink()).unwrap();
        }
        dumper.finish(&mut sink()).unwrap();
    }

    type Read = fn(Chunks<'_>);

    const READERS: [(&str, Read); 7] = [
        ("Value", values),
        ("RawValue, kept", kept),
        ("skip", skip),
        ("typed", typed),
        ("typed, out of the input", from_input),
        ("recode", recode),
        ("dump", dump),
    ];

    fn folder(path: &str) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        let files = std::fs::read_dir(&folder).unwrap();
        let read = |file: std::io::Result<std::fs::DirEntry>| {
            let file = file.unwrap().path();
            (file.display().to_string(), std::fs::read(file).unwrap())
        };
        files.map(read).collect()
    }

    /// The corpora of the fuzz targets that take a stream as it is, and Go's own
    /// streams.
    fn corpora() -> Vec<(String, Vec<u8>)> {
        let targets = [
            "value",
            "typed",
            "skip",
            "roundtrip",
            "chunked",
            "dump",
            "recode",
        ];
        let mut streams: Vec<_> = targets
            .iter()
            .flat_map(|target| folder(&format!("fuzz/corpus/{target}")))
            .collect();
        for (name, text) in folder("tests/golden") {
            if !name.ends_with(".hex") {
                continue;
            }
            let digits: Vec<u8> = text.into_iter().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            streams.push((
                name,
                digits.chunks(2).map(|pair| byte(pair).unwrap()).collect(),
            ));
        }
        assert!(streams.len() > 1000, "{} streams", streams.len());
        streams
    }

    #[track_caller]
    fn within(name: &str, stream: &[u8]) -> Vec<(f64, &'static str)> {
        let mut costs = Vec::new();
        for (reader, read) in READERS {
            for size in [stream.len().max(1), 1] {
                COUNT.set(0);
                read(stream.chunks(size));
                let count = COUNT.get();
                let most = FIXED + PER_BYTE * stream.len();
                assert!(
                    count <= most,
                    "{reader}, {name}, by {size}: {count} steps for {} bytes",
                    stream.len()
                );
                costs.push((count as f64 / stream.len() as f64, reader));
            }
        }
        costs
    }

    /// Of streams that are long enough to tell more of the reader than of its start.
    fn report(what: &str, streams: &[(String, Vec<u8>)]) {
        let mut most = vec![(0.0, ""); 2 * READERS.len()];
        for (name, stream) in streams {
            let costs = within(name, stream);
            if stream.len() >= 256 {
                for (most, cost) in most.iter_mut().zip(costs) {
                    *most = if cost.0 > most.0 { cost } else { *most };
                }
            }
        }
        for pair in most.chunks(2) {
            println!(
                "{what}, {}: {:.1} steps for each byte, {:.1} byte by byte",
                pair[0].1, pair[0].0, pair[1].0
            );
        }
    }

    #[test]
    fn bytes_of_made_streams_take_few_steps() {
        let streams = super::made::streams();
        for (name, stream) in &streams {
            let (mut faults, mut read) = (0, 0);
            decoder(stream.chunks(stream.len()), |decoder| {
                let value = decoder.decode_value();
                match &value {
                    Ok(Some(_)) => read += 1,
                    Ok(None) => {}
                    Err(_) => faults += 1,
                }
                Ok(value?.is_some())
            });
            // They are what they are meant to be.
            let (good, bad) = (read > 0, faults > 0);
            assert_eq!(good, !bad, "{name}: {read} values, {faults} faults");
            assert_eq!(bad, name.contains("in vain"), "{name}: {faults} faults");
        }
        report("made", &streams);
    }

    #[test]
    fn bytes_of_the_corpora_take_few_steps() {
        report("corpora", &corpora());
    }
}
