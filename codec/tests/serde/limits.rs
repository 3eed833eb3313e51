//! Deep and hostile values.

use super::*;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// Serde recurses: what is too deep is an error, and no overflow.
#[test]
fn depth_is_limited() {
    on_a_small_stack(|| {
        let mut builder = SchemaBuilder::new();
        let list = builder.declare("T", "");
        builder.define(list, Kind::Slice(list));
        let schema = Arc::new(builder.build(list));
        let deep = |levels: usize| {
            let mut value = Value::Slice(List::with_schema(&schema, list, vec![]));
            for _ in 1..levels {
                value = Value::Slice(List::with_schema(&schema, list, vec![value]));
            }
            value
        };
        #[derive(Deserialize)]
        struct Nest(#[allow(dead_code, reason = "its depth counts")] Vec<Nest>);

        let value = deep(100);
        assert_eq!(serde_json::to_string(&value).unwrap().len(), 200);
        assert!(value.deserialize_into::<Nest>().is_ok());
        assert!(Prepared::from_serialize_as(&value, &schema).is_ok());
        let value = deep(1_000_000);
        assert!(serde_json::to_string(&value).is_err());
        assert_eq!(
            value.deserialize_into::<Nest>().err().unwrap().kind(),
            ErrorKind::Limit
        );
        assert!(Prepared::from_serialize_as(&value, &schema).is_err());
        assert!(Prepared::from_serialize(&value).is_err());

        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let text = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(serde_json::from_str::<Value>(&text).is_err());
    });
}

/// Types that double at each level, none of whose fields was sent.
#[test]
fn zeros_of_hostile_types_are_small() {
    let mut builder = SchemaBuilder::new();
    let mut edge = builder.int();
    for _ in 0..60 {
        edge = builder.struct_of("T", "", [("A", edge), ("B", edge)]);
    }
    let array = builder.array_of(edge, usize::MAX / 4);
    let root = builder.struct_of("Root", "", [("A", edge), ("B", array)]);
    let schema = Arc::new(builder.build(root));
    let value = Value::from(Struct::with_schema(&schema, root).unwrap());
    let nulls = json!({"A": null, "B": null});
    assert_eq!(serde_json::to_value(&value).unwrap(), nulls);
    assert_eq!(
        value.deserialize_into::<serde_json::Value>().unwrap(),
        nulls
    );
    #[derive(Deserialize, Default)]
    struct Node(HashMap<String, Node>);
    #[derive(Deserialize)]
    struct Outer {
        a: Node,
    }
    assert!(value.deserialize_into::<Outer>().unwrap().a.0.is_empty());
    #[derive(Deserialize)]
    struct Lists {
        b: Vec<i64>,
    }
    assert!(value.deserialize_into::<Lists>().unwrap().b.is_empty());
}
