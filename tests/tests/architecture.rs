//! The "never" rules of ARCHITECTURE.md.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use gobrpc_tests::go::root;

fn workspace() -> PathBuf {
    root().join("..").canonicalize().unwrap()
}

/// Normal dependencies of each package of the workspace, and whether each is
/// optional.
fn dependencies() -> BTreeMap<String, BTreeMap<String, bool>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace())
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| {
                    (
                        dependency["name"].as_str().unwrap().to_owned(),
                        dependency["optional"].as_bool().unwrap(),
                    )
                })
                .collect();
            (package["name"].as_str().unwrap().to_owned(), dependencies)
        })
        .collect()
}

/// All Rust sources below a folder of the workspace.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                into.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    walk(&workspace().join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} has no sources");
    files
}

/// The lines of code of a source: no comments, and no unit tests, which stand at
/// the end of a file.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn assert_absent(folder: &str, words: &[&str], why: &str) {
    for (path, text) in sources(folder) {
        for line in code(&text) {
            for word in words {
                assert!(
                    !line.contains(word),
                    "{}: {why}, but it names {word}:\n{line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn each_crate_depends_only_on_what_it_may() {
    let allowed: &[(&str, &[&str])] = &[
        (
            "gobrpc-codec",
            &[
                "bytes",
                "chrono",
                "gobrpc-derive",
                "jiff",
                "num-bigint",
                "serde",
                "thiserror",
                "time",
                "tokio-util",
                "uuid",
            ],
        ),
        (
            "gobrpc-derive",
            &["proc-macro-crate", "proc-macro2", "quote", "syn"],
        ),
        (
            "gobrpc-protocol",
            &[
                "base64",
                "bytes",
                "futures-core",
                "gobrpc-codec",
                "lz4_flex",
                "rmp",
                "serde",
                "serde_json",
                "thiserror",
            ],
        ),
        (
            "gobrpc-macros",
            &["proc-macro-crate", "proc-macro2", "quote", "syn"],
        ),
    ];
    let dependencies = dependencies();
    for (package, allowed) in allowed {
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        for name in dependencies[*package].keys() {
            assert!(
                allowed.contains(name.as_str()),
                "{package} depends on {name}"
            );
        }
    }
    for (name, feature) in [("rmp", "msgpack"), ("lz4_flex", "compression")] {
        assert_eq!(
            dependencies["gobrpc-protocol"].get(name),
            Some(&true),
            "{name} is there for the feature `{feature}` only"
        );
    }
    for json in ["base64", "serde", "serde_json"] {
        assert_eq!(
            dependencies["gobrpc-protocol"].get(json),
            Some(&true),
            "{json} is there for the feature `jsonrpc` only"
        );
    }
    assert_eq!(
        dependencies["gobrpc-codec"].get("tokio-util"),
        Some(&true),
        "tokio-util is there for the feature `framed` only"
    );
}

#[test]
fn server_and_client_do_not_know_each_other() {
    let dependencies = dependencies();
    assert!(!dependencies["gobrpc-server"].contains_key("gobrpc-client"));
    assert!(!dependencies["gobrpc-client"].contains_key("gobrpc-server"));
    assert!(!dependencies["gobrpc-server"].contains_key("gobrpc-registry"));
    assert!(!dependencies["gobrpc-client"].contains_key("gobrpc-registry"));
}

#[test]
fn the_registry_knows_both_behind_features_only() {
    let registry = &dependencies()["gobrpc-registry"];
    assert_eq!(registry.get("gobrpc-client"), Some(&true));
    assert_eq!(registry.get("gobrpc-server"), Some(&true));
}

#[test]
fn codec_and_protocol_name_no_runtime_socket_thread_or_clock() {
    let words = [
        "tokio::",
        "async_std",
        "std::net",
        "TcpStream",
        "std::thread",
        "Instant::now",
        "SystemTime::now",
        "thread_local!",
    ];
    assert_absent("codec/src", &words, "the codec does no I/O");
    assert_absent("codec/protocol/src", &words, "the protocol does no I/O");
    // tokio-util's traits stand in one file.
    for (path, text) in sources("codec/src") {
        let framed = path.ends_with("framed.rs");
        assert!(
            framed || code(&text).all(|line| !line.contains("tokio_util")),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_codec_knows_nothing_of_rpc() {
    assert_absent(
        "codec/src",
        &["ServiceMethod", "service_method", "gobrpc_protocol"],
        "the codec knows nothing of RPC",
    );
}

/// Caches of facts about Rust types are the only state of a process.
#[test]
fn there_is_no_mutable_global_state() {
    let caches = ["codec/src/schema/cache.rs"];
    for folder in [
        "codec/src",
        "codec/protocol/src",
        "server/src",
        "client/src",
        "registry/src",
    ] {
        for (path, text) in sources(folder) {
            for line in code(&text) {
                let line = line.trim_start();
                let item = line.strip_prefix("pub ").unwrap_or(line);
                let is_static = item.starts_with("static ");
                let write_once = line.contains("OnceLock")
                    || line.contains(": ServiceInfo")
                    || line.contains(": [MethodInfo");
                let cache = caches.iter().any(|cache| path.ends_with(cache));
                assert!(
                    !is_static || write_once || cache,
                    "{} has a static:\n{line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn no_crate_has_unsafe_code() {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for folder in [
        "codec",
        "codec/derive",
        "codec/protocol",
        "server",
        "server/macros",
        "client",
        "client/cli",
        "registry",
        "fuzz",
        "tests",
    ] {
        let manifest =
            std::fs::read_to_string(workspace().join(folder).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{folder} has lints of its own"
        );
    }
}

#[test]
fn the_top_level_has_these_folders_only() {
    let allowed = [
        "codec", "server", "client", "registry", "fuzz", "tests", "target", ".git", ".ci",
        ".cargo", ".github",
    ];
    for entry in std::fs::read_dir(workspace()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(allowed.contains(&name.as_str()), "{name}");
        }
    }
}

/// Every golden is in the manifest, and every entry has its golden.
#[test]
fn the_manifest_lists_every_golden() {
    let folder = root().join("golden");
    let manifest = std::fs::read_to_string(folder.join("MANIFEST")).unwrap();
    let listed: BTreeSet<String> = manifest
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect();
    let present: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            Some(name.strip_suffix(".hex")?.to_owned())
        })
        .collect();
    assert_eq!(listed, present);
    assert!(manifest.lines().any(|line| line.contains("go1.")));
}

/// No unfinished marks in what is published.
#[test]
fn nothing_is_left_for_later_in_the_code() {
    for folder in ["codec", "server", "client", "registry"] {
        assert_absent(
            folder,
            &["todo!(", "unimplemented!(", "#[ignore"],
            "what is here is finished",
        );
    }
}

#[test]
fn the_registry_reads_no_time_of_day() {
    let why = "clocks jump, and differ between machines";
    assert_absent("registry/src", &["SystemTime", "chrono", "UNIX_EPOCH"], why);
}

#[test]
fn each_way_to_fail_has_tests_that_exist() {
    let page = std::fs::read_to_string(workspace().join("registry/docs/failures.md")).unwrap();
    let mut tests: String = String::new();
    for folder in ["registry", "tests/src", "tests/tests"] {
        tests.extend(sources(folder).into_iter().map(|(_, text)| text));
    }
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    // The titles, and twenty.
    assert_eq!(rows.len(), 21);
    for row in &rows[1..] {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let named: Vec<&str> = cells[4].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let is_there = [format!("fn {name}("), format!("Case::new(\"{name}\"")]
                .iter()
                .any(|text| tests.contains(text));
            assert!(is_there, "{name} of {:?}", cells[0]);
        }
        for path in cells[3].split('`').filter(|path| path.ends_with(".rs")) {
            let path = workspace().join("registry/src").join(path);
            assert!(path.exists(), "{path:?}");
        }
    }
}
