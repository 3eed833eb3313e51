//! `TypeNames`: names as a value.

use gobrpc_codec::{ErrorKind, Interface, TypeNames};

use crate::types::{Cat, Dog, Point, point};

#[test]
fn names_are_those_of_go() {
    let mut names = TypeNames::new();
    names.register::<Point>().unwrap();
    names.register::<Vec<String>>().unwrap();
    names
        .register::<std::collections::BTreeMap<String, i64>>()
        .unwrap();
    names.register_name::<Cat>("*main.Cat").unwrap();
    let all: Vec<&str> = names.iter().map(|(name, _)| name).collect();
    assert_eq!(
        all,
        ["*main.Cat", "[]string", "main.Point", "map[string]int64"]
    );
    assert_eq!(names.name::<Cat>(), Some("*main.Cat"));
    assert_eq!(names.name::<Dog>(), None);
}

#[test]
fn one_name_one_type() {
    let mut names = TypeNames::new();
    names.register_name::<Cat>("pet").unwrap();
    names.register_name::<Cat>("pet").unwrap();
    for error in [
        names.register_name::<Dog>("pet").unwrap_err(),
        names.register_name::<Cat>("other").unwrap_err(),
        names.register_name::<Dog>("").unwrap_err(),
        names.register_name::<Dog>(&"x".repeat(1025)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    }
    names.register_name::<Dog>(&"x".repeat(1024)).unwrap();
    assert_eq!(names.iter().count(), 2);
}

#[test]
fn there_and_back() {
    let mut names = TypeNames::new();
    names.register::<Point>().unwrap();
    let held = names.interface(&point(1, 2)).unwrap();
    let any = names.decode(&held).unwrap().unwrap();
    assert_eq!(any.downcast_ref::<Point>(), Some(&point(1, 2)));
    assert!(names.decode(&Interface::nil()).unwrap().is_none());
    let unknown = names.decode(&Interface::new("main.Dog", 1_i64.into()));
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::Mismatch);
    let wrong = names.decode(&Interface::new("main.Point", 1_i64.into()));
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Mismatch);
    let unnamed = names.interface(&Dog {
        name: String::new(),
    });
    assert_eq!(unnamed.unwrap_err().kind(), ErrorKind::Misuse);
}
