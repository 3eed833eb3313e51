//! The help texts.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]

mod run;

use run::gobrpc;

#[test]
fn every_command_has_help_with_examples() {
    let top = gobrpc(&["--help"]);
    let registry = gobrpc(&["registry", "--help"]);
    for command in [
        "call",
        "decode",
        "demo",
        "dump",
        "gen",
        "list",
        "recode",
        "registry",
        "registry drain",
        "registry ls",
        "registry register",
        "registry serve",
        "registry watch",
        "types",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let (parent, name) = match words.as_slice() {
            [group, name] => {
                assert_eq!(*group, "registry");
                (&registry, name)
            }
            _ => (&top, &command),
        };
        assert!(
            parent.output().contains(&format!("\n  {name} ")),
            "{parent:?}"
        );
        let help = gobrpc(&[&words[..], &["--help"]].concat());
        let text = help.output();
        assert!(text.contains("\nExamples:\n"), "{text}");
        assert!(text.contains(&format!("  gobrpc {command}")), "{text}");
        assert!(text.contains(&format!("Usage: gobrpc {command}")), "{text}");
        // Examples and tables are laid out for a terminal of 100 columns.
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert_eq!(gobrpc(&[&["help"], &words[..]].concat()).output(), text);
    }
    assert!(top.output().contains("Examples:"));
    assert!(gobrpc(&["--version"]).output().starts_with("gobrpc "));
}

#[test]
fn the_help_of_call_lists_every_hint() {
    let help = gobrpc(&["call", "--help"]);
    let hints = [
        "$int", "$uint", "$float", "$bytes", "$complex", "$slice", "$array", "$map", "$type", "$as",
    ];
    for hint in hints {
        assert!(help.output().contains(&format!("{{\"{hint}\"")), "{hint}");
    }
}
