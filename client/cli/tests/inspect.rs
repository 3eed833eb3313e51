//! `gobrpc types`, `dump`, `recode` and `gen` on streams that real Go wrote.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod run;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gobrpc_codec::inspect::{Event, Inspector};
use run::{go, gobrpc, gobrpc_with};

/// The names and bytes of Go's streams.
fn goldens() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut goldens: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, unhex(&std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    goldens.sort();
    assert!(goldens.len() > 100);
    goldens
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

fn golden(name: &str) -> Vec<u8> {
    let goldens = goldens();
    let found = goldens.into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no golden {name}")).1
}

/// A directory for this test, in the one for build products.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(path.join("src"));
    std::fs::create_dir_all(path.join("src")).unwrap();
    path
}

/// Runs `gobrpc recode`, whose output is no text: its status, output and errors.
fn recode(args: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    let mut child = run::command()
        .arg("recode")
        .args(args)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), output.stdout, errors)
}

#[test]
fn types_print_as_json_in_the_one_way() {
    let struct_of = |id: i32, name: &str, fields: &str| {
        format!(
            "{{\"id\":{id},\"common_id\":{id},\"kind\":\"struct\",\"name\":\"{name}\",\
             \"fields\":[{fields}]}}\n"
        )
    };
    let inner = "{\"name\":\"Name\",\"id\":6},{\"name\":\"Score\",\"id\":4}";
    let point = "{\"name\":\"X\",\"id\":2},{\"name\":\"Y\",\"id\":2}";
    let any = "{\"name\":\"Before\",\"id\":2},{\"name\":\"Value\",\"id\":8},\
               {\"name\":\"After\",\"id\":2}";
    let speakers = "{\"name\":\"One\",\"id\":8},{\"name\":\"All\",\"id\":65}";
    for (case, text) in [
        ("bool", String::new()),
        ("string_long", String::new()),
        ("point", struct_of(64, "Point", point)),
        ("empty_struct", struct_of(64, "Empty", "")),
        ("empty_struct_unnamed", struct_of(64, "", "")),
        (
            "two_structs",
            struct_of(64, "Point", point) + &struct_of(65, "Inner", inner),
        ),
        (
            "top_slice",
            "{\"id\":64,\"common_id\":64,\"kind\":\"slice\",\"name\":\"\",\"elem\":2}\n".to_owned(),
        ),
        (
            "array_of_struct",
            struct_of(64, "HasArray", "{\"name\":\"Trio\",\"id\":66}")
                + "{\"id\":66,\"common_id\":66,\"kind\":\"array\",\"name\":\"[3]main.Inner\",\
                   \"elem\":65,\"len\":3}\n"
                + &struct_of(65, "", inner),
        ),
        (
            "map_struct_keys",
            struct_of(64, "HasKeys", "{\"name\":\"Dict\",\"id\":67}")
                + "{\"id\":67,\"common_id\":67,\"kind\":\"map\",\
                   \"name\":\"map[main.Point]main.Inner\",\"key\":65,\"elem\":66}\n"
                + &struct_of(65, "", point)
                + &struct_of(66, "", inner),
        ),
        // Defined twice, by pointer first: the two ids differ.
        (
            "gob_encoder_pointer_to_value",
            "{\"id\":64,\"common_id\":65,\"kind\":\"gobencoder\",\"name\":\"\"}\n".to_owned(),
        ),
        // With the definition of a field's type that no value uses.
        (
            "url",
            "{\"id\":64,\"common_id\":65,\"kind\":\"binarymarshaler\",\"name\":\"\"}\n".to_owned()
                + &struct_of(66, "Userinfo", ""),
        ),
        // Inside of interface values.
        (
            "interface_nested",
            struct_of(64, "Any", any) + &struct_of(65, "Point", point),
        ),
        (
            "recursive_array",
            "{\"id\":65,\"common_id\":65,\"kind\":\"array\",\"name\":\"AT\",\"elem\":64,\"len\":2}\n\
             {\"id\":64,\"common_id\":64,\"kind\":\"slice\",\"name\":\"\",\"elem\":65}\n"
                .to_owned(),
        ),
        (
            "interface_methods",
            struct_of(64, "Speakers", speakers)
                + "{\"id\":65,\"common_id\":65,\"kind\":\"slice\",\"name\":\"[]main.Speaker\",\
                   \"elem\":8}\n"
                + &struct_of(66, "Dog", "{\"name\":\"Name\",\"id\":6}")
                + &struct_of(67, "Cat", "{\"name\":\"Lives\",\"id\":2}"),
        ),
    ] {
        let run = gobrpc_with(&["types", "--json", "-"], &golden(case));
        assert_eq!(run.output(), text, "{case}");
    }
}

#[test]
fn names_that_are_no_utf8_print_byte_by_byte() {
    // A struct "a\xe2\x82\u{fffd}\"" with a field "é\xff".
    let body = unhex("7f 03 01 01 07 61e282efbfbd22 01 ff80 00 01 01 01 03 c3a9ff 01 04 00 00 00");
    let mut stream = vec![body.len() as u8];
    stream.extend(body);
    stream.extend([3, 0xff, 0x80, 0]);
    assert_eq!(
        gobrpc_with(&["types", "--json", "-"], &stream).output(),
        "{\"id\":64,\"common_id\":64,\"kind\":\"struct\",\"name\":\"a\\ufffd\\ufffd\u{fffd}\\\"\",\
         \"fields\":[{\"name\":\"é\\ufffd\",\"id\":2}]}\n"
    );
    assert_eq!(recode(&[], &stream), (0, stream.clone(), String::new()));
    gobrpc_with(&["gen", "rust", "-"], &stream).output();
    gobrpc_with(&["gen", "go", "-"], &stream).output();
}

#[test]
fn every_stream_of_go_is_printed_and_comes_back() {
    for (name, stream) in goldens() {
        let mut inspector = Inspector::new();
        inspector.feed(&stream);
        let mut count = 0;
        while let Some(event) = inspector.next_event().unwrap() {
            count += usize::from(matches!(event, Event::Definition { .. }));
        }
        let run = gobrpc_with(&["types", "--json", "-"], &stream);
        assert_eq!(run.output().lines().count(), count, "{name}");
        for line in run.output().lines() {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(json["id"].as_i64().unwrap() >= 64, "{name}: {line}");
        }
        let run = gobrpc_with(&["types", "-"], &stream);
        assert_eq!(run.output().is_empty(), count == 0, "{name}");
        let (status, again, errors) = recode(&[], &stream);
        assert_eq!((status, errors.as_str()), (0, ""), "{name}");
        assert!(again == stream, "{name}");
        let dump = gobrpc_with(&["dump", "-"], &stream);
        let bytes: Vec<_> = dump
            .output()
            .lines()
            .flat_map(|line| unhex(line.split_once("  ").unwrap().1.get(..28).unwrap()))
            .collect();
        assert!(bytes == stream, "{name}");
    }
}

#[test]
fn types_print_as_go() {
    for (case, text) in [
        ("bool", ""),
        ("point", "type Point struct { // 64\n\tX int\n\tY int\n}\n"),
        (
            "tree",
            "type Tree struct { // 64\n\tValue int\n\tLeft  *Tree\n\tRight *Tree\n}\n",
        ),
        (
            "anonymous_struct",
            "type Anonymous struct { // 64\n\tAt AnonymousAt\n\tB  []AnonymousB\n}\n\
             type AnonymousAt struct { // 65\n\tX int\n\tY int\n}\n\
             // 67: []AnonymousB\n\
             type AnonymousB struct { // 66\n\tN int\n}\n",
        ),
        ("recursive_slice", "type T []T // 64\n"),
        (
            "time",
            "type Time []byte // 64: what its GobEncoder wrote\n",
        ),
    ] {
        let run = gobrpc_with(&["types", "-"], &golden(case));
        assert_eq!(run.output(), text, "{case}");
    }
}

#[test]
fn bad_streams_end_with_one_line_after_what_came_before() {
    let point = golden("point");
    let definition = usize::from(point[0]) + 1;
    let mut bad = point.clone();
    // A value of a type that was never defined.
    bad.extend([3, 0xff, 0x90, 0]);
    for args in [
        &["types", "--json", "-"][..],
        &["types", "-"],
        &["gen", "rust", "-"],
        &["gen", "go", "-"],
        &["dump", "-"],
    ] {
        let whole = gobrpc_with(args, &point);
        for stream in [&bad, &point[..point.len() - 1].to_vec()] {
            let run = gobrpc_with(args, stream);
            assert_eq!(run.status, 1, "{args:?}");
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            assert!(run.stderr.starts_with("gobrpc: standard input: at byte "));
            if args[0] == "dump" {
                assert!(run.stdout.contains("\n----  at byte "), "{}", run.stdout);
            } else {
                assert_eq!(run.stdout, whole.output(), "{args:?}");
            }
        }
    }
    let (status, out, errors) = recode(&[], &bad);
    assert_eq!((status, &out), (1, &point), "{errors}");
    assert_eq!(errors.lines().count(), 1);
    let (status, out, errors) = recode(&[], &point[..definition]);
    assert_eq!((status, &out[..]), (1, &point[..definition]), "{errors}");
    assert!(errors.contains("behind a type definition"), "{errors}");
    for command in ["types", "dump", "recode"] {
        let run = gobrpc(&[command, "/no/such/file.gob"]);
        assert!(run.failure(1).contains("/no/such/file.gob: "), "{run:?}");
    }
}

/// `type Rec struct { Next *Rec }`, nested this deep.
fn nested(levels: usize) -> Vec<u8> {
    let mut stream = unhex("15 7f 03 01 02 ff 80 00 01 01 01 04 4e 65 78 74 01 ff 80 00 00 00");
    stream[0] = stream.len() as u8 - 1;
    // CommonType has an Id and no Name here.
    let mut body = vec![0xff, 0x80];
    body.extend(std::iter::repeat_n(1, levels - 1));
    body.extend(std::iter::repeat_n(0, levels));
    stream.push(0xfc);
    stream.extend((body.len() as u32).to_be_bytes());
    stream.extend(body);
    // The length is as short as it can be.
    recode_once(&stream)
}

fn recode_once(stream: &[u8]) -> Vec<u8> {
    let (status, again, errors) = recode(&["--trusted", "--max-depth", "2000000"], stream);
    assert_eq!((status, errors.as_str()), (0, ""));
    again
}

#[test]
fn deep_values_come_back_and_limits_are_raised_by_options() {
    let deep = nested(5000);
    assert!(recode(&[], &deep) == (0, deep.clone(), String::new()));
    let deep = nested(1_000_000);
    for args in [&["--trusted"][..], &["--max-depth", "1000000"]] {
        assert!(recode(args, &deep) == (0, deep.clone(), String::new()));
    }
    let (status, out, errors) = recode(&[], &deep);
    assert_eq!(status, 1);
    assert_eq!(out.len(), usize::from(deep[0]) + 1);
    assert!(
        errors.contains("raise --max-depth, or use --trusted"),
        "{errors}"
    );
    let (status, _, errors) = recode(&["--max-message", "1K"], &nested(5000));
    assert_eq!(status, 1);
    assert!(errors.contains("raise --max-message"), "{errors}");
    let run = gobrpc_with(&["types", "--max-depth", "1000000", "-"], &deep);
    assert!(run.output().contains("Next *"), "{run:?}");
}

#[test]
fn recode_writes_files() {
    let directory = scratch("recode");
    let stream = golden("interfaces");
    let input = directory.join("in.gob");
    let output = directory.join("out.gob");
    std::fs::write(&input, &stream).unwrap();
    let [input, output] = [&input, &output].map(|path| path.to_str().unwrap());
    assert_eq!(gobrpc(&["recode", input, "-o", output]).output(), "");
    assert_eq!(std::fs::read(output).unwrap(), stream);
    // The input is never emptied.
    let same = gobrpc(&["recode", input, "--output", input]);
    assert!(same.failure(2).contains("is the input"), "{same:?}");
    assert_eq!(std::fs::read(input).unwrap(), stream);
    let missing = gobrpc(&["recode", "/no/such/file.gob", "-o", output]);
    assert!(missing.failure(1).contains("/no/such/file.gob: "));
    assert_eq!(std::fs::read(output).unwrap(), stream);
}

#[test]
fn the_new_commands_have_help_with_examples() {
    let top = gobrpc(&["--help"]);
    for command in ["dump", "gen", "recode", "types"] {
        assert!(top.output().contains(&format!("\n  {command} ")), "{top:?}");
        let help = gobrpc(&[command, "--help"]);
        assert!(help.output().contains("\nExamples:\n  gobrpc "), "{help:?}");
        for line in help.output().lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

/// Declared types of a generated module by their ids.
fn declared(module: &str) -> Vec<(i32, String)> {
    let mut found = Vec::new();
    let mut id = None;
    for line in module.lines() {
        if let Some(rest) = line.strip_prefix("/// Type ") {
            id = rest.split(' ').next().unwrap().parse().ok();
        }
        let item = ["pub struct ", "pub type "]
            .iter()
            .find_map(|start| line.strip_prefix(start));
        if let (Some(item), Some(id)) = (item, id) {
            let end = item
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap();
            found.push((id, item[..end].to_owned()));
        }
    }
    found
}

#[test]
fn generated_rust_decodes_the_stream_it_was_made_of() {
    let directory = scratch("generated-rust");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let codec = root.join("codec").canonicalize().unwrap();
    std::fs::write(
        directory.join("Cargo.toml"),
        format!(
            "[package]\nname = \"generated\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\ngobrpc-codec = {{ path = {codec:?} }}\n"
        ),
    )
    .unwrap();
    // The versions that are there.
    let lock = directory.join("Cargo.lock");
    if !lock.exists() {
        std::fs::copy(root.join("Cargo.lock"), lock).unwrap();
    }
    let mut main = "#![deny(warnings)]\n#![allow(dead_code)]\n".to_owned();
    let mut body = String::new();
    let mut cases = 0;
    for (name, stream) in goldens() {
        let module = gobrpc_with(&["gen", "rust", "-"], &stream);
        std::fs::write(directory.join(format!("src/{name}.rs")), module.output()).unwrap();
        std::fs::write(directory.join(format!("src/{name}.gob")), &stream).unwrap();
        let types = declared(module.output());
        if types.is_empty() {
            continue;
        }
        cases += 1;
        writeln!(main, "mod {name};").unwrap();
        let mut arms = String::new();
        for (id, ty) in types {
            writeln!(
                arms,
                "            {id} => drop(decoder.decode::<{name}::{ty}>().unwrap().unwrap()),"
            )
            .unwrap();
        }
        writeln!(
            body,
            "    let mut decoder = gobrpc_codec::Decoder::new();\n    \
             decoder.feed(include_bytes!(\"{name}.gob\"));\n    \
             while let Some(id) = decoder.peek_type().unwrap() {{\n        \
             match id.get() {{\n{arms}            _ => drop(decoder.skip().unwrap()),\n        \
             }}\n    }}\n    decoder.finish().unwrap();"
        )
        .unwrap();
    }
    assert!(cases > 60, "only {cases} cases");
    writeln!(main, "fn main() {{\n{body}    println!(\"decoded\");\n}}").unwrap();
    std::fs::write(directory.join("src/main.rs"), main).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(&directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "decoded\n",
        "{errors}"
    );
}

/// Go's word for a value of this type in the package of a stream.
fn go_type(module: &str, package: &str, id: i32) -> Option<String> {
    let plain = match id {
        1 => "bool",
        2 => "int64",
        3 => "uint64",
        4 => "float64",
        5 => "[]byte",
        6 => "string",
        7 => "complex128",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(plain.to_owned());
    }
    let mark = format!(" is type {id} of the stream");
    let line = module.lines().find(|line| line.contains(&mark))?;
    let name = line.strip_prefix("// ")?.split(' ').next()?;
    Some(format!("{package}.{name}"))
}

/// The value at the top level of each stream.
fn values(stream: &[u8]) -> Vec<i32> {
    let mut inspector = Inspector::new();
    inspector.feed(stream);
    let mut ids = Vec::new();
    while let Some(event) = inspector.next_event().unwrap() {
        if let Event::ValueStart { id, .. } = event {
            ids.push(id.get());
        }
    }
    ids
}

/// Go decodes each stream into the types that were made of it and encodes that again:
/// what is printed then is what was printed of the stream itself.
#[test]
fn generated_go_decodes_the_stream_it_was_made_of() {
    let Some(go) = go() else {
        return;
    };
    let directory = scratch("generated-go");
    std::fs::write(directory.join("go.mod"), "module generated\n\ngo 1.21\n").unwrap();
    let mut imports = String::new();
    let mut cases = String::new();
    let mut streams = Vec::new();
    for (name, stream) in goldens() {
        let module = gobrpc_with(&["gen", "go", "-"], &stream);
        let module = module.output();
        let ids = values(&stream);
        let types: Vec<_> = ids.iter().map(|id| go_type(module, &name, *id)).collect();
        let package = directory.join("src").join(&name);
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("types.go"), module).unwrap();
        let used = types
            .iter()
            .flatten()
            .any(|ty| ty.starts_with(&format!("{name}.")))
            || module.contains("func Register()");
        if used {
            writeln!(imports, "\t{name} \"generated/src/{name}\"").unwrap();
        }
        let register = match module.contains("func Register()") {
            true => format!("{name}.Register(); "),
            false => String::new(),
        };
        let targets: Vec<_> = types
            .iter()
            .map(|ty| match ty {
                Some(ty) => format!("new({ty})"),
                None => "nil".to_owned(),
            })
            .collect();
        writeln!(
            cases,
            "\tcase {name:?}:\n\t\t{register}again({})",
            targets.join(", ")
        )
        .unwrap();
        streams.push((name, stream, types));
    }
    let main = format!(
        "package main\n\nimport (\n\t\"encoding/gob\"\n\t\"log\"\n\t\"os\"\n{imports})\n\n\
         func again(values ...any) {{\n\
         \tdecoder, encoder := gob.NewDecoder(os.Stdin), gob.NewEncoder(os.Stdout)\n\
         \tfor _, value := range values {{\n\
         \t\tif err := decoder.Decode(value); err != nil {{\n\t\t\tlog.Fatal(err)\n\t\t}}\n\
         \t\tif value == nil {{\n\t\t\tcontinue\n\t\t}}\n\
         \t\tif err := encoder.Encode(value); err != nil {{\n\t\t\tlog.Fatal(err)\n\t\t}}\n\
         \t}}\n}}\n\n\
         func main() {{\n\tswitch os.Args[1] {{\n{cases}\t}}\n}}\n"
    );
    std::fs::write(directory.join("main.go"), main).unwrap();
    let program = directory.join("again");
    let build = Command::new(&go)
        .args(["build", "-o"])
        .arg(&program)
        .env("GOFLAGS", "-mod=mod")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(
        build.status.success(),
        "{}",
        String::from_utf8_lossy(&build.stderr)
    );
    let format = Command::new(go.with_file_name("gofmt"))
        .args(["-l", "src"])
        .current_dir(&directory)
        .output();
    if let Ok(format) = format {
        assert_eq!(String::from_utf8_lossy(&format.stdout), "");
    }
    let mut compared = 0;
    let mut different = Vec::new();
    for (name, stream, types) in streams {
        let mut child = Command::new(&program)
            .arg(&name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = stream.clone();
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        // What Go's gob never sends stays out.
        if name == "marshaler_fields" || name == "marshaler_fields_zero" {
            continue;
        }
        let before = gobrpc_with(&["decode", "-"], &stream);
        let after = gobrpc_with(&["decode", "-"], &output.stdout);
        let before: Vec<_> = before
            .output()
            .lines()
            .zip(&types)
            .filter_map(|(line, ty)| ty.as_ref().map(|_| without_types(line)))
            .collect();
        let after: Vec<_> = after.output().lines().map(without_types).collect();
        if before == after {
            compared += before.len();
        } else {
            different.push(name);
        }
    }
    // A zero that was sent since a pointer led to it is not sent again: the stream does
    // not tell where pointers were.
    assert_eq!(different, ["go_time_fields", "time_fields"]);
    assert!(compared > 250, "only {compared} values");
}

/// A line without the names of types that write themselves: those that had none have
/// got one.
fn without_types(line: &str) -> String {
    let mut parts = line.split(",\"type\":\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once('"').map_or(part, |(_, rest)| rest));
    }
    text
}

/// `type Rec struct { Next *Rec }`, 5,000 levels deep, by every command that prints.
#[test]
fn deep_values_print() {
    let deep = nested(5000);
    for args in [
        &["decode", "-"][..],
        &["decode", "--max-depth", "5000", "-"],
    ] {
        let run = gobrpc_with(args, &deep);
        let text = run.output().trim_end();
        assert_eq!(text.matches("{\"Next\":").count(), 5000);
        assert!(text.ends_with(&format!("null{}", "}".repeat(5000))));
    }
    let pretty = gobrpc_with(&["decode", "--pretty", "-"], &deep);
    assert_eq!(pretty.output().matches("\"Next\": ").count(), 5000);
    let dump = gobrpc_with(&["dump", "-"], &deep);
    assert!(dump.output().lines().count() > 10_000);
    for args in [&["gen", "rust"][..], &["gen", "go"], &["types"]] {
        let run = gobrpc_with(&[args, &["-"]].concat(), &deep);
        assert!(run.output().contains("struct"), "{run:?}");
    }
    let hint = "if you trust the stream, raise --max-depth, or use --trusted";
    for command in ["decode", "dump", "types"] {
        let run = gobrpc_with(&[command, "--max-depth", "4999", "-"], &deep);
        assert!(run.failure(1).ends_with(hint), "{run:?}");
    }
    let (status, _, errors) = recode(&["--max-depth", "4999"], &deep);
    assert_eq!((status, errors.trim_end().ends_with(hint)), (1, true));
}

#[test]
fn two_streams_are_compared_both_ways() {
    let directory = scratch("diff");
    let file = |name: &str, stream: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, stream).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let point = golden("point");
    // The same type with the field Z for Y, and one whose X is a string.
    let changed = |from: &[u8], to: &[u8]| {
        let place = point.windows(from.len()).position(|part| part == from);
        let mut stream = point.clone();
        stream[place.unwrap()..][..to.len()].copy_from_slice(to);
        stream
    };
    let renamed = changed(b"\x01Y", b"\x01Z");
    let text = changed(b"\x01X\x01\x04", b"\x01X\x01\x0c");
    // Its values are ints: only the definition counts.
    let definition = usize::from(text[0]) + 1;
    let text = [&text[..definition], &[3, 0xff, 0x80, 0]].concat();
    let point = file("point.gob", &point);
    let renamed = file("renamed.gob", &renamed);
    let text = file("text.gob", &text);

    let run = gobrpc(&["types", "--diff", &point, &point]);
    assert_eq!(run.output().matches("  nothing differs\n").count(), 2);
    let run = gobrpc(&["types", "--diff", &point, &renamed]);
    assert!(
        run.output().contains("\n  loses data: Point.Y: "),
        "{run:?}"
    );
    assert!(
        run.output().contains("\n  loses data: Point.Z: "),
        "{run:?}"
    );
    let run = gobrpc(&["types", "--diff", &point, &text]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.contains("\n  breaks: Point.X: "), "{run:?}");

    let run = gobrpc(&["types", "--diff", "--json", &point, &text]);
    assert_eq!(run.status, 1);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["compatible"], false);
    assert_eq!(json["forward"]["differences"][0]["effect"], "breaks");
    assert_eq!(json["backward"]["differences"][0]["path"], "Point.X");
    let run = gobrpc(&["types", "--json", "--diff", &point, &renamed]);
    let json: serde_json::Value = serde_json::from_str(run.output()).unwrap();
    assert_eq!(
        (&json["compatible"], &json["forward"]["lossless"]),
        (&true.into(), &false.into())
    );

    let run = gobrpc(&["types", "--diff", &point, "/no/such/file.gob"]);
    assert!(run.failure(1).contains("/no/such/file.gob: "), "{run:?}");
    for args in [
        &["--diff", &point][..],
        &[&point, &text],
        &["--diff", "-", "-"],
    ] {
        assert_eq!(gobrpc(&[&["types"], args].concat()).status, 2, "{args:?}");
    }
}
