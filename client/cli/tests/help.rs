//! The help texts.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]

mod run;

use run::gobrpc;

#[test]
fn every_command_has_help_with_examples() {
    let top = gobrpc(&["--help"]);
    for command in ["call", "decode", "demo", "list"] {
        assert!(top.output().contains(&format!("\n  {command} ")), "{top:?}");
        let help = gobrpc(&[command, "--help"]);
        let text = help.output();
        assert!(text.contains("\nExamples:\n"), "{text}");
        assert!(text.contains(&format!("  gobrpc {command} ")), "{text}");
        assert!(
            text.contains(&format!("Usage: gobrpc {command} ")),
            "{text}"
        );
        // Examples and tables are laid out for a terminal of 100 columns.
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert_eq!(gobrpc(&["help", command]).output(), text);
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
