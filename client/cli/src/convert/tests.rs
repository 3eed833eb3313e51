//! JSON in, a value by a Go type, JSON out.

use super::*;
use crate::json;

/// The value as it prints, of a type in Go's syntax.
fn convert(go: &str, json: &str) -> Result<String, String> {
    let json: Json = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let value = argument(&json, go_type::parse(go)?.schema()?)?;
    json::to_string(&value).map_err(|error| error.to_string())
}

#[test]
fn values_fit_their_types() {
    for (go, json, printed) in [
        ("float64", "3", "3"),
        ("float64", r#""-Inf""#, r#""-Inf""#),
        ("float64", "1e300", "1e+300"),
        ("uint", "18446744073709551615", "18446744073709551615"),
        ("int", r#"{"$uint":3}"#, "3"),
        ("complex128", "[1,-2.5]", r#"{"re":1,"im":-2.5}"#),
        (
            "complex128",
            r#"{"re":1,"im":"NaN"}"#,
            r#"{"re":1,"im":"NaN"}"#,
        ),
        ("string", r#"{"$string":{"$bytes":"/w=="}}"#, r#""\ufffd""#),
        ("[]byte", "[104,105]", r#"{"$bytes":"aGk="}"#),
        ("[]byte", r#""aGk=""#, r#"{"$bytes":"aGk="}"#),
        ("[2]uint8", "[1,2]", "[1,2]"),
        ("[]int", r#"{"$slice":"int"}"#, "[]"),
        ("[]string", "null", "[]"),
        ("[2]int", "null", "[0,0]"),
        ("map[bool]int", r#"{"true":1}"#, r#"{"$map":[[true,1]]}"#),
        (
            "map[string]int",
            r#"{"$map":{"$x":1}}"#,
            r#"{"$map":[["$x",1]]}"#,
        ),
        (
            "map[struct{X int}]string",
            r#"[[{"x":1},"one"]]"#,
            r#"{"$map":[[{"X":1},"one"]]}"#,
        ),
        (
            "struct{A *int; B string}",
            r#"{"b":"x","A":null}"#,
            r#"{"A":0,"B":"x"}"#,
        ),
    ] {
        assert_eq!(convert(go, json).as_deref(), Ok(printed), "{go} of {json}");
    }
}

#[test]
fn interfaces_take_a_name_and_a_value() {
    for (json, printed) in [
        ("null", "null"),
        (r#"{"$type":null}"#, "null"),
        ("7", r#"{"$type":"int","value":7}"#),
        ("[1.5]", r#"{"$type":"[]float64","value":[1.5]}"#),
        (
            r#"{"$bytes":"aGk="}"#,
            r#"{"$type":"[]uint8","value":{"$bytes":"aGk="}}"#,
        ),
        (
            r#"{"$type":"uint8","value":7}"#,
            r#"{"$type":"uint8","value":7}"#,
        ),
        (
            r#"{"$type":"main.T","value":{"a":{"$type":"main.U","value":{}}}}"#,
            r#"{"$type":"main.T","value":{"A":{"$type":"main.U","value":{}}}}"#,
        ),
    ] {
        let list = convert("[]any", &format!("[{json}]"));
        assert_eq!(list.as_deref(), Ok(format!("[{printed}]").as_str()));
    }
    // At the top, gob sends what an interface holds.
    assert_eq!(convert("any", "7").as_deref(), Ok("7"));
    assert!(convert("any", "null").unwrap_err().contains("nil"));
    let error = convert("any", r#"{"A":1}"#).unwrap_err();
    assert!(error.contains("$type"), "{error}");
}

#[test]
fn what_does_not_fit_is_said() {
    for (go, json, fault) in [
        ("int", "1.0", "the float 1.0 does not fit"),
        ("int", "true", "the type is int64, and true does not fit"),
        ("uint", "-1", "-1 does not fit"),
        ("bool", "1", "bool"),
        ("string", "1", "string"),
        ("[]byte", "[256]", "an array does not fit"),
        ("[]byte", r#""a""#, "not base64"),
        ("[2]int", "[1]", "2 elements"),
        ("[]int", r#"[1,"x"]"#, "[1]: "),
        ("map[string]int", "[[1]]", "pair"),
        ("map[int]int", r#"{"a":1}"#, "the key \"a\""),
        (
            "struct{A int}",
            r#"{"A":{"$type":"main.T","value":1}}"#,
            "A: int64 is no interface",
        ),
        ("struct{}", r#"{"A":1}"#, "no fields"),
    ] {
        let error = convert(go, json).unwrap_err();
        assert!(error.contains(fault), "{go} of {json}: {error}");
    }
}
