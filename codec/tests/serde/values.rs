//! `Value` to and from other formats.

use super::*;

#[test]
fn values_to_json_and_back() {
    let value = Value::of(&sent()).unwrap();
    let text = serde_json::to_value(&value).unwrap();
    assert_eq!(
        text,
        json!({
            "UserName": "gopher", "Age": 13, "Score": 1.5, "Tags": ["a", "b"], "Key": [0, 255],
            "Home": {"StreetName": "Main", "Zip": 7}, "Work": null, "Point": [-1, 1],
            "Limits": {"x": 9}, "Level": 1, "Color": "dark_blue", "Unknown": "ignored"
        })
    );
    // From JSON it is what Go's `any` would be; by the schema it is the same.
    let any: Value = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(any.get("UserName").and_then(Value::as_str), Some("gopher"));
    assert_eq!(
        any.get("Tags").and_then(|tags| tags.at(1)?.as_str()),
        Some("b")
    );
    assert_eq!(serde_json::to_value(&any).unwrap(), text);
    let schema = Arc::new(SentPerson::schema().clone());
    let prepared = Prepared::from_serialize_as(&any, &schema).unwrap();
    assert_eq!(
        RawValue::from_prepared(&prepared)
            .unwrap()
            .to_value()
            .unwrap(),
        value
    );
}

#[test]
fn any_values() {
    let value: Value =
        serde_json::from_str(r#"{"a":[1,-1,1.5,"x",null,true,18446744073709551615]}"#).unwrap();
    assert_eq!(
        format!("{value:?}"),
        concat!(
            r#"{"a": []interface {}([int(1), int(-1), float64(1.5), string("x"), nil, bool(true), "#,
            r#"uint(18446744073709551615)])}"#
        )
    );
    assert!(serde_json::from_str::<Value>("1").unwrap() == Value::Int(1));
    assert!(serde_json::from_str::<Value>("null").unwrap().is_nil());
}

#[test]
fn complex_numbers_and_characters() {
    let value = Value::Complex(1.5, -2.0);
    assert_eq!(value.deserialize_into::<(f64, f64)>().unwrap(), (1.5, -2.0));
    #[derive(Deserialize)]
    struct Complex {
        re: f64,
        im: f64,
    }
    let complex: Complex = value.deserialize_into().unwrap();
    assert_eq!((complex.re, complex.im), (1.5, -2.0));
    assert_eq!(
        Value::Int(0x1f980).deserialize_into::<char>().unwrap(),
        '🦀'
    );
    assert_eq!(Value::from("x").deserialize_into::<char>().unwrap(), 'x');
    assert_eq!(
        Value::from("text").deserialize_into::<&str>().unwrap(),
        "text"
    );
    let mut builder = SchemaBuilder::new();
    let complex = builder.complex();
    let schema = Arc::new(builder.build(complex));
    let prepared = Prepared::from_serialize_as(&(1.5, -2), &schema).unwrap();
    assert_eq!(
        RawValue::from_prepared(&prepared)
            .unwrap()
            .to_value()
            .unwrap(),
        value
    );
}
