//! Schemas that are inferred, and given ones.

use super::*;

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Tree {
    label: String,
    weight: f32,
    #[serde(default)]
    children: Vec<Tree>,
    parent_id: Option<u64>,
    pair: (i64, String),
    hash: [u8; 4],
    by_name: BTreeMap<String, Vec<i32>>,
}

fn tree(label: &str, children: Vec<Tree>) -> Tree {
    Tree {
        label: label.into(),
        weight: 0.5,
        children,
        parent_id: None,
        pair: (1, "p".into()),
        hash: [1, 0, 255, 4],
        by_name: BTreeMap::from([("k".into(), vec![1, -1])]),
    }
}

#[test]
fn inferred_schemas_come_back() {
    let value = tree(
        "root",
        vec![tree("leaf", vec![]), tree("", vec![tree("deep", vec![])])],
    );
    let sent = through(&value);
    assert_eq!(sent.as_struct().unwrap().name(), "Tree");
    assert_eq!(sent.get("Label").and_then(Value::as_str), Some("root"));
    assert_eq!(
        sent.get("Pair").and_then(|pair| pair.get("F1")?.as_str()),
        Some("p")
    );
    assert!(matches!(sent.get("Hash"), Some(Value::Array(_))));
    assert_eq!(sent.get("ParentId"), None);
    assert_eq!(sent.deserialize_into::<Tree>().unwrap(), value);

    // The typed decoder of another program reads it, too.
    #[derive(Gob, Debug, PartialEq)]
    struct Label {
        label: String,
        parent_id: u64,
        children: Vec<Label>,
    }
    let label = sent.to::<Label>().unwrap();
    assert_eq!((label.label.as_str(), label.children.len()), ("root", 2));
}

#[test]
fn numbers_meet() {
    assert_eq!(through(&json!([1, -1])), Value::from(vec![1_i64, -1]));
    assert_eq!(through(&json!([1, 2.5])), Value::from(vec![1.0, 2.5]));
    assert_eq!(through(&json!([1, 2])), Value::from(vec![1_u64, 2]));
    assert_eq!(through(&i128::from(u64::MAX)), Value::Uint(u64::MAX));
    assert!(Prepared::from_serialize(&u128::MAX).is_err());
    assert!(Prepared::from_serialize(&json!([-1, u64::MAX])).is_err());
    assert!(Prepared::from_serialize(&(u64::MAX - 1, 0.5)).is_ok());
}

/// Schemas of nested tuples are made in one pass.
#[test]
fn tuples_inside_of_tuples() {
    #[derive(Serialize)]
    struct Nest((i64, bool, Option<Box<Nest>>));
    let mut nest = Nest((0, true, None));
    for level in 1..40 {
        nest = Nest((level, true, Some(Box::new(nest))));
    }
    let value = through(&nest);
    assert_eq!(
        value.get("F2").and_then(|inner| inner.get("F0")?.as_i64()),
        Some(38)
    );
}

#[test]
fn what_no_schema_can_be_made_from() {
    #[derive(Serialize)]
    struct Nested {
        inner: Vec<Vec<i64>>,
    }
    for error in [
        Prepared::from_serialize(&()).unwrap_err(),
        Prepared::from_serialize(&Vec::<i64>::new()).unwrap_err(),
        Prepared::from_serialize(&Nested {
            inner: vec![vec![]],
        })
        .unwrap_err(),
        Prepared::from_serialize(&json!([1, "x"])).unwrap_err(),
        Prepared::from_serialize(&json!([1, null])).unwrap_err(),
        Prepared::from_serialize(&json!({"a": null})).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    }
    let error = Prepared::from_serialize(&Nested {
        inner: vec![vec![]],
    })
    .unwrap_err();
    assert_eq!(error.path(), "Inner");
    // An empty list beside one that is not, and in a field of its own.
    assert!(
        Prepared::from_serialize(&Nested {
            inner: vec![vec![], vec![1]]
        })
        .is_ok()
    );
    assert_eq!(
        format!("{:?}", through(&Nested { inner: vec![] })),
        "Nested {}"
    );
}

#[test]
fn given_schemas() {
    let schema = Arc::new(SentPerson::schema().clone());
    let person = json!({
        "userName": "gopher", "Age": 13, "score": 2, "tags": ["a"], "key": [1, 255],
        "home": {"street_name": "Main", "Zip": 0}, "work": null, "point": [1, 2],
        "limits": {"x": 9}
    });
    let prepared = Prepared::from_serialize_as(&person, &schema).unwrap();
    let sent: SentPerson = RawValue::from_prepared(&prepared)
        .unwrap()
        .decode()
        .unwrap();
    assert_eq!(
        (sent.user_name.as_str(), sent.age, sent.score),
        ("gopher", 13, 2.0)
    );
    assert_eq!((sent.key, sent.point), (vec![1, 255], [1, 2]));
    assert_eq!(sent.home.street_name, "Main");
    // Zeros are left out, as Go does.
    let value = RawValue::from_prepared(&prepared)
        .unwrap()
        .to_value()
        .unwrap();
    assert_eq!(value.get("Home").and_then(|home| home.get("Zip")), None);

    for (wrong, path) in [
        (json!({"age": "x"}), "SentPerson.Age"),
        (json!({"age": 1.5}), "SentPerson.Age"),
        (json!({"home": {"zip": -1}}), "SentPerson.Home.Zip"),
        (json!({"tags": ["a", 1]}), "SentPerson.Tags[1]"),
        (json!({"key": [256]}), "SentPerson.Key"),
        (json!({"point": [1]}), "SentPerson.Point"),
        (json!({"nothing": 1}), "SentPerson"),
        (json!([1, 2]), "SentPerson"),
    ] {
        let error = Prepared::from_serialize_as(&wrong, &schema).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
        assert_eq!(error.path(), path, "{error}");
    }
}
