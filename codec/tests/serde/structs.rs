//! Structs, by the names of their fields.

use super::*;

#[test]
fn structs_by_name() {
    let mut sent = sent();
    sent.color = "DarkBlue".into();
    let person: Person = from_slice_serde(&to_vec(&sent).unwrap()).unwrap();
    assert_eq!(
        person,
        Person {
            name: "gopher".into(),
            age: 13,
            score: Meters(1.5),
            tags: vec!["a".into(), "b".into()],
            key: vec![0, 255],
            home: Address {
                street_name: "Main".into(),
                zip: 7
            },
            work: None,
            point: (-1, 1),
            limits: HashMap::from([("x".into(), 9)]),
            level: Level::High,
            color: Color::DarkBlue,
            missing: None,
            defaulted: 7,
        }
    );
}

#[test]
fn absent_fields_are_zero() {
    let sent = SentPerson {
        color: "Red".into(),
        ..SentPerson::default()
    };
    let person: Person = from_slice_serde(&to_vec(&sent).unwrap()).unwrap();
    assert_eq!(person.name, "");
    assert_eq!(person.age, 0);
    assert_eq!(person.score, Meters(0.0));
    assert_eq!(person.tags, Vec::<String>::new());
    assert_eq!(person.key, Vec::<u8>::new());
    assert_eq!(person.level, Level::Low);
    assert_eq!(
        person.home,
        Address {
            street_name: String::new(),
            zip: 0
        }
    );
    assert_eq!(person.point, (0, 0));
}

/// A nil pointer where the local type has no Option: zeros all the way down.
#[test]
fn nil_pointers_are_zero() {
    #[derive(Gob)]
    struct Sent {
        other: i64,
        home: Option<SentAddress>,
        point: Option<[i64; 2]>,
        list: Option<Box<SentList>>,
    }
    #[derive(Gob)]
    struct SentList {
        v: i64,
        next: Option<Box<SentList>>,
    }
    #[derive(Deserialize)]
    struct Local {
        home: Address,
        point: [u8; 2],
        list: Option<LocalList>,
    }
    #[derive(Deserialize)]
    struct LocalList {
        v: i64,
        next: Option<Box<LocalList>>,
    }
    #[derive(Deserialize, Debug)]
    struct Endless {
        #[allow(dead_code, reason = "read by nobody")]
        list: EndlessList,
    }
    #[derive(Deserialize, Debug)]
    struct EndlessList {
        #[allow(dead_code, reason = "read by nobody")]
        next: Box<EndlessList>,
    }
    let stream = to_vec(&Sent {
        other: 1,
        home: None,
        point: None,
        list: None,
    })
    .unwrap();
    let local: Local = from_slice_serde(&stream).unwrap();
    assert_eq!(
        local.home,
        Address {
            street_name: String::new(),
            zip: 0
        }
    );
    assert_eq!(local.point, [0, 0]);
    assert!(local.list.is_none());
    let error = from_slice_serde::<Endless>(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);

    let list = SentList {
        v: 1,
        next: Some(Box::new(SentList { v: 2, next: None })),
    };
    let list: LocalList = from_slice_serde(&to_vec(&list).unwrap()).unwrap();
    assert_eq!((list.v, list.next.unwrap().v), (1, 2));
}

#[test]
fn errors_say_where() {
    let mut sent = sent();
    sent.home.zip = 7;
    sent.tags = vec![];
    #[derive(Deserialize, Debug)]
    struct Wrong {
        #[allow(dead_code, reason = "it never comes")]
        home: Home,
    }
    #[derive(Deserialize, Debug)]
    struct Home {
        #[allow(dead_code, reason = "it never comes")]
        zip: Vec<String>,
    }
    let error = from_slice_serde::<Wrong>(&to_vec(&sent).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(error.path(), "Home.Zip");
    assert!(error.message().contains("expected a sequence"), "{error}");

    let stream = to_vec(&300_i64).unwrap();
    assert_eq!(
        from_slice_serde::<u8>(&stream).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    let text = to_vec(&GoString::from(&b"\xff"[..])).unwrap();
    assert_eq!(
        from_slice_serde::<String>(&text).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    let error = from_slice_serde::<(i64, i64)>(&to_vec(&vec![1_i64, 2, 3]).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn streams_that_end_early() {
    let stream = to_vec(&sent()).unwrap();
    for end in 0..stream.len() {
        let error = from_slice_serde::<Person>(&stream[..end]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
    }
}

#[test]
fn flattened_and_untagged() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Flat {
        #[serde(rename = "Age")]
        age: i64,
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }
    let flat: Flat = from_slice_serde(&to_vec(&sent()).unwrap()).unwrap();
    assert_eq!(flat.age, 13);
    assert_eq!(flat.rest["UserName"], json!("gopher"));
    assert_eq!(flat.rest["Key"], json!([0, 255]));
    assert_eq!(flat.rest["Home"], json!({"StreetName": "Main", "Zip": 7}));
    assert_eq!(flat.rest["Work"], json!(null));

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    let number: Either = from_slice_serde(&to_vec(&7_i64).unwrap()).unwrap();
    assert_eq!(number, Either::Number(7));
    let text: Either = from_slice_serde(&to_vec(&"x").unwrap()).unwrap();
    assert_eq!(text, Either::Text("x".into()));
}
