//! Maps and their keys.

use super::*;

#[test]
fn maps_and_their_keys() {
    let ids = BTreeMap::from([(-1_i64, true), (7, false)]);
    let stream = to_vec(&ids).unwrap();
    assert_eq!(
        from_slice_serde::<BTreeMap<i64, bool>>(&stream).unwrap(),
        ids
    );
    assert_eq!(
        from_slice_serde::<serde_json::Value>(&stream).unwrap(),
        json!({"-1": true, "7": false})
    );
    // A map as a struct, by verbatim names and by PascalCase.
    let map = BTreeMap::from([("StreetName", "S"), ("Other", "x")]);
    #[derive(Deserialize)]
    struct Named {
        street_name: String,
    }
    let named: Named = from_slice_serde(&to_vec(&map).unwrap()).unwrap();
    assert_eq!(named.street_name, "S");
}

#[test]
fn maps_of_any() {
    let mut map = Map::typed::<BTreeMap<String, i64>>();
    map.push("a".into(), Value::Int(1));
    let prepared = Prepared::from_serialize(&Value::from(map.clone())).unwrap();
    let mut stream = Vec::new();
    Encoder::new().append(&prepared, &mut stream).unwrap();
    assert_eq!(
        from_slice_serde::<BTreeMap<String, i64>>(&stream).unwrap()["a"],
        1
    );
}
