package main

import "encoding/gob"

// Any holds one interface value.
type Any struct {
	Before int64
	Value  any
	After  int64
}

// Anys holds several.
type Anys struct {
	First, Second any
	List          []any
	Dict          map[string]any
}

// Speaker is an interface with a method.
type Speaker interface{ Speak() string }

// Dog is a Speaker by value, Cat by pointer.
type (
	Dog struct{ Name string }
	Cat struct{ Lives int64 }
)

// Speak barks.
func (d Dog) Speak() string { return d.Name }

// Speak meows.
func (c *Cat) Speak() string { return "meow" }

// Speakers holds them.
type Speakers struct {
	One Speaker
	All []Speaker
}

func init() {
	gob.Register(Point{})
	gob.Register(Inner{})
	gob.Register(Any{})
	gob.Register(Dog{})
	gob.Register(&Cat{})
	gob.Register([]any{})
	gob.Register(map[string]any{})
	gob.Register(ID(0))
	gob.Register(Names{})
	gob.Register(Pair[int64, string]{})
	gob.Register(map[string]Inner{})
	gob.RegisterName("short", Base{})
}

func interfaceSamples() []sample {
	one := func(name, note string, value any) sample {
		return these("interface_"+name, "Any{1, "+note+", 2} twice", Any{1, value, 2}, Any{1, value, 2})
	}
	return []sample{
		one("nil", "nil", nil),
		one("int", "int(5)", 5),
		one("int64", "int64(-5)", int64(-5)),
		one("string", `"s"`, "s"),
		one("bool", "false", false),
		one("bytes", "[]byte{1, 2}", []byte{1, 2}),
		one("strings", `[]string{"a", "b"}`, []string{"a", "b"}),
		one("struct", "Point{22, 33}", Point{22, 33}),
		one("struct_zero", "Point{}", Point{}),
		one("newtype", "ID(7)", ID(7)),
		one("named_slice", `Names{"a"}`, Names{"a"}),
		one("generic", `Pair[int64, string]{1, "one"}`, Pair[int64, string]{1, "one"}),
		one("registered_name", `Base{9}, registered as "short"`, Base{9}),
		one("unnamed_map", `map[string]Inner{"k": {"a", 1}}`, map[string]Inner{"k": {"a", 1}}),
		one("list", `[]any{1, "s", Point{1, 2}, Point{3, 4}, nil, Inner{"a", 1}}`,
			[]any{1, "s", Point{1, 2}, Point{3, 4}, nil, Inner{"a", 1}}),
		one("dict", `map[string]any{"k": Point{1, 2}}`, map[string]any{"k": Point{1, 2}}),
		one("nested", "Any{3, Point{1, 2}, 4}", Any{3, Point{1, 2}, 4}),
		one("nested_twice", "Any{3, Any{5, Point{1, 2}, 6}, 4}", Any{3, Any{5, Point{1, 2}, 6}, 4}),
		these("interfaces", `Anys{Point{1, 2}, Point{3, 4}, {Inner{"a", 1}, nil, Dog{"d"}}, {"k": Inner{"b", 2}}}`,
			Anys{Point{1, 2}, Point{3, 4}, []any{Inner{"a", 1}, nil, Dog{"d"}}, map[string]any{"k": Inner{"b", 2}}}),
		these("interfaces_nil", "Anys{}, Anys{List: {nil, nil}, Dict: {\"k\": nil}}", Anys{},
			Anys{List: []any{nil, nil}, Dict: map[string]any{"k": nil}}),
		these("interface_known_type", "Point{1, 2}, Any{1, Point{3, 4}, 2}: the type is known already",
			Point{1, 2}, Any{1, Point{3, 4}, 2}),
		these("interface_then_plain", "Any{1, Point{3, 4}, 2}, Point{1, 2}: defined inline, used at top level",
			Any{1, Point{3, 4}, 2}, Point{1, 2}),
		these("interface_methods", `Speakers{Dog{"rex"}, {&Cat{9}, Dog{"fido"}, nil}}`,
			Speakers{Dog{"rex"}, []Speaker{&Cat{9}, Dog{"fido"}, nil}}),
		these("interface_top_list", `[]any{int64(1), "s", Point{1, 2}}`, []any{int64(1), "s", Point{1, 2}}),
		these("interface_long_list", "[]any of 100 times Point{1, 2}: the first one's message is shorter than its count", longList()),
		these("interface_top_dict", `map[string]any{"k": "v"}`, map[string]any{"k": "v"}),
		{name: "interface_pointer", note: "*any to Point{1, 2}: a top-level value of type interface (8)", values: func() []any {
			var v any = Point{1, 2}
			return []any{&v}
		}},
	}
}

// longList has more elements than its first message has bytes, which ends at the
// definition of Point.
func longList() []any {
	list := make([]any, 100)
	for i := range list {
		list[i] = Point{1, 2}
	}
	return list
}
