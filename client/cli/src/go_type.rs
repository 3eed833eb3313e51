//! Go's type syntax, as far as types without names go: `map[string][]float64`.

use gobrpc_codec::Kind;

use crate::shape::Shape;

/// Deepest nesting of a written type: each level is one of the stack's.
const DEPTH: usize = 64;

/// Reads a type such as `[]int`, `map[string]struct{X, Y float64}` or `any`.
pub(crate) fn parse(text: &str) -> Result<Shape, String> {
    let mut parser = Parser { rest: text };
    let shape = parser
        .shape(0)
        .map_err(|fault| format!("the type {text:?}: {fault}"))?;
    parser.space();
    if parser.rest.is_empty() {
        Ok(shape)
    } else {
        Err(format!("the type {text:?} ends before {:?}", parser.rest))
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a mark if it comes next.
    fn take(&mut self, mark: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn want(&mut self, mark: &str) -> Result<(), String> {
        if self.take(mark) {
            Ok(())
        } else {
            Err(format!("{mark:?} is missing before {:?}", self.rest))
        }
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn shape(&mut self, depth: usize) -> Result<Shape, String> {
        if depth > DEPTH {
            return Err(format!("it nests deeper than {DEPTH} levels"));
        }
        if self.take("*") {
            // Pointers do not travel.
            return self.shape(depth + 1);
        }
        if self.take("[") {
            if self.take("]") {
                return Ok(match self.shape_or_byte(depth + 1)? {
                    None => Shape::Plain(Kind::Bytes),
                    Some(elem) => Shape::Slice(Box::new(elem)),
                });
            }
            let length = self.word();
            let length = length
                .parse()
                .map_err(|_| format!("{length:?} is no length of an array"))?;
            self.want("]")?;
            return Ok(Shape::Array(Box::new(self.shape(depth + 1)?), length));
        }
        let word = self.word();
        Ok(match word {
            "map" => {
                self.want("[")?;
                let key = self.shape(depth + 1)?;
                self.want("]")?;
                Shape::Map(Box::new(key), Box::new(self.shape(depth + 1)?))
            }
            "struct" => self.structure(depth)?,
            "interface" => {
                self.want("{")?;
                self.want("}")?;
                Shape::Plain(Kind::Interface)
            }
            _ => Shape::Plain(scalar(word)?),
        })
    }

    /// The element type of a slice; none if it is a byte, as Go sends a slice of
    /// those in one piece.
    fn shape_or_byte(&mut self, depth: usize) -> Result<Option<Shape>, String> {
        let start = self.rest;
        if matches!(self.word(), "byte" | "uint8") {
            return Ok(None);
        }
        self.rest = start;
        self.shape(depth).map(Some)
    }

    fn structure(&mut self, depth: usize) -> Result<Shape, String> {
        self.want("{")?;
        let mut fields = Vec::new();
        while !self.take("}") {
            let mut names = vec![self.word()];
            while self.take(",") {
                names.push(self.word());
            }
            let shape = self.shape(depth + 1)?;
            for name in names {
                if !name.starts_with(char::is_uppercase) {
                    return Err(format!(
                        "Go sends no field {name:?}: names start with a capital letter"
                    ));
                }
                if fields.iter().any(|(known, _)| known == name) {
                    return Err(format!("the field {name} is there twice"));
                }
                fields.push((name.to_owned(), shape.clone()));
            }
            if !self.take(";") {
                self.want("}")?;
                break;
            }
        }
        Ok(Shape::Struct(fields))
    }
}

fn scalar(word: &str) -> Result<Kind, String> {
    Ok(match word {
        "bool" => Kind::Bool,
        "int" | "int8" | "int16" | "int32" | "int64" | "rune" => Kind::Int,
        "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "uintptr" | "byte" => Kind::Uint,
        "float32" | "float64" => Kind::Float,
        "complex64" | "complex128" => Kind::Complex,
        "string" => Kind::String,
        "any" => Kind::Interface,
        _ => {
            return Err(format!(
                "{word:?} is no type that is known here; \
                 spell a type of your own out: struct{{X int}}"
            ));
        }
    })
}

/// Whether Go registers a type of this name by itself, so that every program knows it
/// in an interface (`gob/type.go`, `registerBasics`).
pub(crate) fn is_basic(name: &str) -> bool {
    let elem = name.strip_prefix("[]").unwrap_or(name);
    // `byte` and `rune` are spelled out, and `any` is no concrete type.
    !matches!(elem, "byte" | "rune" | "any") && scalar(elem).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_and_print() {
        for (text, printed) in [
            ("int32", "int"),
            ("[]byte", "[]byte"),
            ("[4]byte", "[4]uint"),
            ("[][]uint8", "[][]byte"),
            ("*[]*string", "[]string"),
            ("map[string][]float64", "map[string][]float64"),
            ("map[ [2]int ]any", "map[[2]int]any"),
            ("struct{}", "struct{}"),
            (
                "struct{X, Y int; Name string;}",
                "struct{X int; Y int; Name string}",
            ),
            ("[]interface{}", "[]any"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn basic_types_are_those_that_go_registers() {
        for name in ["int", "uintptr", "[]uint8", "complex64", "[]string"] {
            assert!(is_basic(name), "{name}");
        }
        for name in [
            "",
            "any",
            "[][]int",
            "main.T",
            "*int",
            "map[string]int",
            "[]byte",
        ] {
            assert!(!is_basic(name), "{name}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, fault) in [
            ("", "no type"),
            ("main.Point", "spell"),
            ("[x]int", "length"),
            ("[]int]", "ends before"),
            ("map[string", "missing"),
            ("struct{x int}", "capital"),
            ("struct{X int; X int}", "twice"),
            ("struct{X int", "missing"),
            (&"[]".repeat(1000), "deeper"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(fault), "{text}: {error}");
        }
    }
}
