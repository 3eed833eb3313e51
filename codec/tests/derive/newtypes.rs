//! Newtypes.

use super::*;

#[derive(Debug, PartialEq, Gob)]
struct Names(Vec<String>);

#[derive(Debug, PartialEq, Gob)]
struct Celsius(f64);

#[derive(Debug, PartialEq, Gob)]
struct Day {
    names: Names,
    high: Celsius,
    low: Option<Celsius>,
}

#[test]
fn named_types() {
    assert_eq!(Names::schema().to_string(), "main.Names");
    assert_eq!(<Vec<Celsius>>::schema().to_string(), "[]main.Celsius");
    check(&Names(vec!["a".to_owned()]));
    assert_eq!(to_vec(&Celsius(17.0)).unwrap(), to_vec(&17.0).unwrap());
    check(&Day {
        names: Names(vec![]),
        high: Celsius(0.0),
        low: None,
    });
}

#[derive(Clone, Debug, PartialEq, Gob)]
struct Octet(u8);

#[test]
fn bytes_travel_as_bytes() {
    let octets = vec![Octet(1), Octet(255)];
    assert_eq!(check(&octets), to_vec(&vec![1_u8, 255]).unwrap());
    assert_eq!(convert::<Vec<u8>>(&octets), [1, 255]);
    let again: Vec<Octet> = convert(&vec![7_u8]);
    assert_eq!(again, [Octet(7)]);
}

#[derive(Debug, PartialEq, Gob)]
#[gob(transparent)]
struct Wrapper(Names);

#[derive(Debug, PartialEq, Gob)]
#[gob(transparent)]
struct Checked<T> {
    value: T,
    #[gob(skip)]
    valid: bool,
}

#[test]
fn transparent_types() {
    assert_eq!(Wrapper::schema().to_string(), "main.Names");
    check(&Wrapper(Names(vec![])));
    check(&Checked {
        value: Some(3_i64),
        valid: false,
    });
    assert_eq!(<Checked<Celsius>>::schema().to_string(), "main.Celsius");
    assert_eq!(
        <Vec<Checked<Octet>>>::schema().to_string(),
        <Vec<Octet>>::schema().to_string()
    );
}

/// Go's `type List []List`.
#[derive(Debug, PartialEq, Gob)]
struct List(Vec<List>);

#[test]
fn recursion() {
    check(&List(vec![List(vec![]), List(vec![List(vec![])])]));
}

#[derive(Debug, PartialEq, Gob)]
struct Few<T>(Vec<T>);

#[test]
fn generic() {
    check(&Few(vec![Celsius(1.0)]));
    assert_eq!(
        <Few<Celsius>>::schema().to_string(),
        "main.Few[main.Celsius]"
    );
}

#[derive(Debug, PartialEq, Gob)]
struct Maybe(Option<i64>);

#[derive(Debug, PartialEq, Gob)]
struct HasMaybe {
    maybe: Maybe,
}

#[test]
fn of_an_option() {
    check(&HasMaybe { maybe: Maybe(None) });
    check(&HasMaybe {
        maybe: Maybe(Some(1)),
    });
}
