//! Rust's enums and Go's interfaces.

use super::*;

#[derive(Deserialize, Serialize, Debug, PartialEq, Clone)]
enum Shape {
    Empty,
    Circle(f64),
    Line(i64, i64),
    Rect { width: u32, height: u32 },
}

#[test]
fn enums_from_interfaces() {
    let circle = Value::from(Interface::new("main.Circle", Value::Float(1.5)));
    assert_eq!(
        circle.deserialize_into::<Shape>().unwrap(),
        Shape::Circle(1.5)
    );
    let pointer = Value::from(Interface::new(
        "*example.com/shapes.Circle",
        Value::Float(2.0),
    ));
    assert_eq!(
        pointer.deserialize_into::<Shape>().unwrap(),
        Shape::Circle(2.0)
    );
    let text = Value::from(Interface::new("string", Value::from("Empty")));
    assert_eq!(text.deserialize_into::<Shape>().unwrap(), Shape::Empty);
    let other = Value::from(Interface::new("main.Star", Value::Float(2.0)));
    assert!(other.deserialize_into::<Shape>().is_err());
    assert!(Value::default().deserialize_into::<Shape>().is_err());
    assert_eq!(
        Value::default()
            .deserialize_into::<Option<Shape>>()
            .unwrap(),
        None
    );
    assert!(Value::from("Circle").deserialize_into::<Shape>().is_err());
}

#[test]
fn enums_come_back() {
    for shape in [
        Shape::Empty,
        Shape::Circle(0.0),
        Shape::Line(1, 0),
        Shape::Rect {
            width: 0,
            height: 2,
        },
    ] {
        assert_eq!(through(&shape).deserialize_into::<Shape>().unwrap(), shape);
    }
    let shapes = vec![
        Shape::Circle(0.0),
        Shape::Rect {
            width: 1,
            height: 2,
        },
    ];
    let value = through(&shapes);
    assert_eq!(value.deserialize_into::<Vec<Shape>>().unwrap(), shapes);
    assert_eq!(
        format!("{value:?}"),
        "[Shape { Circle: 0.0 }, Shape { Rect: Rect { Width: 1, Height: 2 } }]"
    );
}
