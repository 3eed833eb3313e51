//! What a stream may cost in memory: values, definitions and plans.

use std::collections::{BTreeMap, HashMap};

use gobrpc_codec::ErrorKind::Limit;
use gobrpc_codec::{Decoder, ErrorKind, Gob, Limits, from_slice, from_slice_with};

use crate::stream::bytes;
use crate::table::{BOOL, INT, Only, STRING, good, next};
use crate::{alone, measured};

/// A hundred thousand types take no more memory than the first of them, and
/// what was defined before still decodes.
#[test]
fn floods_of_definitions() {
    let _alone = alone();
    let flood = (100..100_100).fold(good(), |stream, id| stream.slice(id, id + 1));
    let stream = flood.value(64, bytes().raw(&[1, 16, 0])).0;
    let ((values, errors), memory) = measured(|| {
        let mut decoder = Decoder::new();
        let (mut values, mut errors) = (Vec::new(), 0);
        for chunk in stream.chunks(1000) {
            decoder.feed(chunk);
            while let Some(outcome) = next(&mut decoder) {
                match outcome {
                    Ok(Only { a }) => values.push(a),
                    Err(error) => {
                        assert_eq!(error.kind(), Limit, "{error}");
                        assert!(error.to_string().contains("Limits::types"), "{error}");
                        errors += 1;
                    }
                }
            }
        }
        (values, errors)
    });
    assert_eq!(values, [7, 8]);
    assert_eq!(errors, 100_001 - 4096);
    assert!(memory < 1 << 20, "{memory}");
}

#[test]
fn memory_is_charged_by_decoded_size() {
    let _alone = alone();
    let count = 6_000_000;
    let stream = |elem: i64| {
        bytes()
            .slice(64, elem)
            .value(64, bytes().uint(0).uint(count as u64).raw(&vec![0; count]))
            .0
    };
    let strings = stream(STRING);
    let (result, memory) = measured(|| from_slice::<Vec<String>>(&strings));
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Limit, "{error}");
    assert!(memory < 1 << 20, "{memory}");
    let bools = stream(BOOL);
    assert_eq!(from_slice::<Vec<bool>>(&bools).unwrap().len(), count);
    let (result, memory) = measured(|| from_slice::<Vec<[i64; 100]>>(&bools));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Mismatch);
    assert!(memory < 1 << 20, "{memory}");

    // Many small maps: a table of one entry costs far more than the entry.
    let maps = 100_000;
    let body = bytes()
        .uint(0)
        .uint(maps as u64)
        .raw(&[1, 2, 2].repeat(maps));
    let stream = bytes().map(65, INT, INT).slice(64, 65).value(64, body).0;
    for memory in [1 << 20, 4 << 20] {
        let limits = Limits::default().with_memory_bytes(memory);
        let tree = || from_slice_with::<Vec<BTreeMap<i64, i64>>>(&stream, &limits).map(|_| ());
        let table = || from_slice_with::<Vec<HashMap<i64, i64>>>(&stream, &limits).map(|_| ());
        for (result, used) in [measured(tree), measured(table)] {
            assert_eq!(result.unwrap_err().kind(), Limit);
            assert!(used <= memory + memory / 4, "{used} of {memory}");
        }
    }
}

/// One set of definitions, asked for by many roots, is planned within a limit.
#[test]
fn plans_are_charged() {
    #[derive(Gob, Debug)]
    struct Tree {
        left: Option<Box<Tree>>,
        right: Option<Box<Tree>>,
    }
    let _alone = alone();
    let mut stream = bytes();
    for id in 64..4064 {
        stream = stream.structure(id, &[("Left", id + 1), ("Right", id + 1)]);
    }
    stream = stream.structure(4064, &[("Left", 4064)]);
    for id in 64..4064 {
        stream = stream.value(id, bytes().raw(&[0]));
    }
    let (limited, memory) = measured(|| {
        let mut decoder = Decoder::new();
        decoder.feed(&stream.0);
        let mut limited = 0;
        while let Some(outcome) = decoder.decode::<Tree>().transpose() {
            match outcome {
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), Limit, "{error}");
                    limited += 1;
                }
            }
        }
        limited
    });
    assert!(limited > 0, "nothing was limited");
    assert!(memory < 64 << 20, "{memory}");
}
