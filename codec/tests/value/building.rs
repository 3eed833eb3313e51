//! Values that a program makes.

use super::*;

#[test]
fn parts_of_a_value_stand_alone() {
    let value = Value::of(&everything()).unwrap();
    for name in ["Inner", "List", "Map", "Array", "Ids", "Text", "Float"] {
        let part = value.get(name).unwrap().clone();
        assert_eq!(
            all_values(&stream_of(std::slice::from_ref(&part))),
            [part],
            "{name}"
        );
    }
    let inner: Inner = value.get("Inner").unwrap().to().unwrap();
    assert_eq!(inner, everything().inner);
}

#[test]
fn equal_types_are_defined_once() {
    let one = stream_of(&[Value::of(&everything()).unwrap()]);
    let two = stream_of(&[
        Value::of(&everything()).unwrap(),
        Value::of(&everything()).unwrap(),
    ]);
    assert!(two.len() < one.len() + 200, "{} {}", one.len(), two.len());
    assert_eq!(all_values(&two).len(), 2);
}

/// What does not fit its type is called by its kind.
#[test]
fn kinds_have_their_words() {
    let everything = Value::of(&everything()).unwrap();
    let list = |name: &str| everything.get(name).unwrap().clone();
    let schema = Arc::new(gobrpc_codec::Schema::clone(<f64 as Gob>::schema()));
    for (value, word) in [
        (Value::Bool(true), "bool"),
        (Value::Int(1), "int"),
        (Value::Uint(1), "uint"),
        (Value::Complex(1.0, 2.0), "complex"),
        (Value::Bytes(vec![1]), "bytes"),
        ("text".into(), "string"),
        (list("List"), "slice"),
        (list("Array"), "array"),
        (list("Map"), "map"),
        (list("Inner"), "struct"),
        (Value::default(), "interface"),
    ] {
        assert_eq!(value.kind(), word);
        let error = Prepared::from_value_as(&value, &schema).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert_eq!(
            error.message(),
            format!("a value of kind {word} where the type says float64")
        );
    }
}

#[test]
fn values_are_built_and_changed() {
    let schema = Arc::new(Inner::schema().clone());
    let mut inner = Struct::with_schema(&schema, schema.root()).unwrap();
    assert_eq!(inner.set("Scores", vec![1_i64].into()).unwrap(), None);
    assert_eq!(inner.set("Name", "x".into()).unwrap(), None);
    assert_eq!(inner.set("Name", "y".into()).unwrap(), Some("x".into()));
    assert!(inner.set("Nmae", "y".into()).is_err());
    let typed: Inner = Value::from(inner.clone()).to().unwrap();
    assert_eq!(
        typed,
        Inner {
            name: "y".into(),
            scores: vec![1]
        }
    );

    inner.set("Name", Value::Int(1)).unwrap();
    let error = Prepared::from_value(&inner.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(error.path(), "Inner.Name");

    let mut list = List::typed::<Vec<i64>>(vec![]);
    list.push("text".into());
    assert!(Prepared::from_value(&Value::Slice(list)).is_err());
    let short = List::typed::<[i64; 2]>(vec![1_i64.into()]);
    assert!(Prepared::from_value(&Value::Array(short)).is_err());

    let held = Interface::new("int", Interface::new("int", Value::Int(3)).into());
    assert_eq!(
        Prepared::from_value(&held.into()).unwrap_err().kind(),
        ErrorKind::Misuse
    );
}

/// A struct of another type, whose fields are found by name.
#[test]
fn values_are_encoded_by_another_schema() {
    #[derive(Gob, Debug, PartialEq)]
    struct Swapped {
        scores: Vec<i64>,
        more: bool,
        name: String,
    }
    let value = Value::of(&everything().inner).unwrap();
    let schema = Arc::new(Swapped::schema().clone());
    let raw = RawValue::from_prepared(&Prepared::from_value_as(&value, &schema).unwrap()).unwrap();
    assert_eq!(
        raw.decode::<Swapped>().unwrap(),
        Swapped {
            scores: vec![1, -2],
            more: false,
            name: "n".into()
        }
    );
    let fewer = Arc::new(Vec::<i64>::schema().clone());
    assert!(Prepared::from_value_as(&value, &fewer).is_err());
}
