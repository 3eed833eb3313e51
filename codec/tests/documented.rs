//! Every item that a user can name has an example in its documentation, which
//! `cargo test` runs: types, traits, functions, constants and macros, wherever they
//! are exported.
//!
//! It reads the sources as rustc does: modules from `lib.rs` on, and of those that
//! cannot be named only what is exported again.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::path::Path;

use syn::{Attribute, Expr, Item, Lit, Meta, UseTree, Visibility};

/// What this test cannot see: the derive of another crate, and what a macro makes,
/// whose documentation stands in the macro. Each has an example.
const ELSEWHERE: [&str; 3] = [
    "gobrpc_derive::Gob",
    "complex::Complex64",
    "complex::Complex128",
];

/// The items of each module, by its path.
#[derive(Default)]
struct Modules(BTreeMap<Vec<String>, Vec<Item>>);

/// The exported items that lack an example, and how many were seen.
#[derive(Default)]
struct Found {
    seen: usize,
    lacking: Vec<String>,
}

impl Modules {
    /// Takes in a module and those in it; `folder` is where these have their files.
    fn take(&mut self, path: &[String], items: Vec<Item>, folder: &Path) {
        for item in &items {
            let Item::Mod(module) = item else { continue };
            if texts(&module.attrs, "cfg").any(|cfg| cfg == "test") {
                continue;
            }
            let name = module.ident.to_string();
            let folder = folder.join(&name);
            let items = match &module.content {
                Some((_, items)) => items.clone(),
                None => parse(&folder.with_extension("rs")),
            };
            self.take(&[path, &[name]].concat(), items, &folder);
        }
        self.0.insert(path.to_vec(), items);
    }

    /// Finds what users can name in a module.
    fn exported(&self, path: &[String], found: &mut Found) {
        for item in &self.0[path] {
            let (visibility, attrs) = match item {
                Item::Mod(item) => (&item.vis, &item.attrs[..]),
                Item::Use(item) => (&item.vis, &item.attrs[..]),
                item => match described(item) {
                    Some((_, visibility, attrs)) => (visibility, attrs),
                    None => continue,
                },
            };
            if !matches!(visibility, Visibility::Public(_)) || hidden(attrs) {
                continue;
            }
            match item {
                Item::Mod(module) => {
                    self.exported(&[path, &[module.ident.to_string()]].concat(), found);
                }
                Item::Use(item) => {
                    for (target, name) in leaves(&item.tree) {
                        if !ELSEWHERE.contains(&target.join("::").as_str()) {
                            found.item(path, &name, self.find(path, &target));
                        }
                    }
                }
                item => {
                    let (name, ..) = described(item).unwrap();
                    found.item(path, &name, attrs);
                }
            }
        }
    }

    /// The attributes of the item that a path names in a module.
    fn find(&self, from: &[String], path: &[String]) -> &[Attribute] {
        let (name, module) = path.split_last().unwrap();
        let mut at = from.to_vec();
        for segment in module {
            match segment.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name => at.push(name.to_owned()),
            }
        }
        let items = self.0.get(&at).map(Vec::as_slice).unwrap_or_default();
        for item in items {
            match described(item) {
                Some((ident, _, attrs)) if ident == *name => return attrs,
                _ => {}
            }
        }
        // Exported by that module from another one.
        for item in items {
            let Item::Use(item) = item else { continue };
            for (target, known) in leaves(&item.tree) {
                if known == *name {
                    return self.find(&at, &target);
                }
            }
        }
        panic!("{} is nowhere: is it made by a macro?", path.join("::"));
    }

    /// Macros are exported to the root, wherever they stand.
    fn macros(&self, found: &mut Found) {
        for item in self.0.values().flatten() {
            let Item::Macro(item) = item else { continue };
            let exported = texts(&item.attrs, "macro_export").next().is_some();
            if let (true, Some(name)) = (exported && !hidden(&item.attrs), &item.ident) {
                found.item(&[], &format!("{name}!"), &item.attrs);
            }
        }
    }
}

impl Found {
    fn item(&mut self, path: &[String], name: &str, attrs: &[Attribute]) {
        self.seen += 1;
        if !hidden(attrs) && !has_example(attrs) {
            self.lacking
                .push([path, &[name.to_owned()]].concat().join("::"));
        }
    }
}

fn parse(file: &Path) -> Vec<Item> {
    let text = read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap().items
}

/// The name, visibility and attributes of what needs an example.
fn described(item: &Item) -> Option<(String, &Visibility, &[Attribute])> {
    let (name, visibility, attrs) = match item {
        Item::Const(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
        Item::Static(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Trait(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Type(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Union(item) => (&item.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    Some((name.to_string(), visibility, attrs))
}

/// The values or arguments of the attributes of a name.
fn texts(attrs: &[Attribute], name: &str) -> impl Iterator<Item = String> {
    let named = attrs.iter().filter(move |attr| attr.path().is_ident(name));
    named.map(|attr| match &attr.meta {
        Meta::List(list) => list.tokens.to_string(),
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => text.value(),
                _ => String::new(),
            },
            _ => String::new(),
        },
        Meta::Path(_) => String::new(),
    })
}

fn hidden(attrs: &[Attribute]) -> bool {
    texts(attrs, "doc").any(|text| text == "hidden")
}

/// True if the documentation holds Rust that is run: neither text nor `ignore`.
fn has_example(attrs: &[Attribute]) -> bool {
    let text = texts(attrs, "doc").collect::<Vec<_>>().join("\n");
    let fences = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("```"));
    // Every other one ends an example.
    fences.step_by(2).any(|words| ["", "rust"].contains(&words))
}

/// What a `use` names: the path, and the name that it has from then on.
fn leaves(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    fn walk(tree: &UseTree, path: &[String], into: &mut Vec<(Vec<String>, String)>) {
        let with = |name: String| [path, &[name]].concat();
        match tree {
            UseTree::Path(tree) => walk(&tree.tree, &with(tree.ident.to_string()), into),
            UseTree::Name(name) => {
                into.push((with(name.ident.to_string()), name.ident.to_string()));
            }
            UseTree::Rename(name) => {
                into.push((with(name.ident.to_string()), name.rename.to_string()));
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, path, into)),
            UseTree::Glob(_) => into.push((with("*".to_owned()), "*".to_owned())),
        }
    }
    let mut into = Vec::new();
    walk(tree, &[], &mut into);
    into
}

fn look(lib: Vec<Item>, folder: &Path) -> Found {
    let mut modules = Modules::default();
    modules.take(&[], lib, folder);
    let mut found = Found::default();
    modules.exported(&[], &mut found);
    modules.macros(&mut found);
    found
}

#[test]
fn every_public_item_has_an_example() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = look(parse(&src.join("lib.rs")), &src);
    assert!(found.seen > 70, "{} items", found.seen);
    assert!(
        found.lacking.is_empty(),
        "without one: {:#?}",
        found.lacking
    );
}

#[test]
fn what_lacks_one_is_found_wherever_it_stands() {
    let lib = r#"
        //! ```
        //! ```
        mod inner {
            mod deep {
                /// None.
                pub struct Deep;
                /// ```
                /// assert!(true);
                /// ```
                pub struct Shown;
                pub fn unreachable() {}
            }
            pub use deep::{Deep, Shown};
            /// ```text
            /// no Rust
            /// ```
            pub trait Text {}
            #[doc(hidden)]
            pub fn hidden() {}
            #[macro_export]
            macro_rules! made { () => {} }
        }
        pub mod open {
            pub use super::inner::Deep as Renamed;
            /// ```ignore
            /// ```
            pub const IGNORED: u8 = 0;
            pub(crate) fn private() {}
        }
        pub use inner::{Shown, Text, hidden};
        #[cfg(test)]
        mod tests {
            pub fn test() {}
        }
    "#;
    let found = look(syn::parse_file(lib).unwrap().items, Path::new(""));
    assert_eq!(
        found.lacking,
        ["open::Renamed", "open::IGNORED", "Text", "made!"]
    );
    assert_eq!(found.seen, 6);
}
