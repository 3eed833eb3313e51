package main

import "math"

// Point is gob's classic example.
type Point struct{ X, Y int64 }

// Scalars has a field of each scalar kind.
type Scalars struct {
	Bool    bool
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Float32 float32
	Float64 float64
	Complex complex128
	String  string
	Bytes   []byte
}

// Empty has no fields.
type Empty struct{}

// HasEmpty has a field that is always sent.
type HasEmpty struct {
	A int64
	E Empty
	B int64
}

// Inner is the leaf that containers hold.
type Inner struct {
	Name  string
	Score float64
}

// Outer has Inner as a plain field, twice.
type Outer struct {
	ID    uint64
	First Inner
	Last  Inner
}

// Base is embedded.
type Base struct{ ID int64 }

// hidden is embedded, but unexported: not sent.
type hidden struct{ Secret int64 }

// Embeds has embedded structs.
type Embeds struct {
	Base
	hidden
	*Inner
	Extra string
}

// Pair is generic.
type Pair[A, B any] struct {
	First  A
	Second B
}

// HasPair has a generic field.
type HasPair struct{ P Pair[string, Point] }

// ID, Names, Scores and Blob are newtypes.
type (
	ID     int64
	Names  []string
	Scores map[string]float64
	Blob   []byte
	Title  string
	Trio   [3]ID
)

// Newtypes has newtypes as fields.
type Newtypes struct {
	ID     ID
	Names  Names
	Scores Scores
	Blob   Blob
	Title  Title
	Trio   Trio
	IDs    []ID
}

// Dropped has fields that gob does not send nor number.
type Dropped struct {
	A       int64
	private int64
	Func    func()
	Chan    chan int64
	PtrFunc *func()
	B       int64
	_       int64
}

// Anonymous has a field of an unnamed struct type.
type Anonymous struct {
	At struct{ X, Y int64 }
	B  []struct{ N int64 }
}

// Nest1 to Nest3 nest plain structs.
type (
	Nest1 struct{ Two Nest2 }
	Nest2 struct {
		Three Nest3
		N     int64
	}
	Nest3 struct{ S string }
)

func structSamples() []sample {
	full := Scalars{
		true, -1, -2, -300, -70000, math.MinInt64, 1, 200, 60000, 4000000000, math.MaxUint64,
		0.1, math.Pi, 1 - 1i, "text", []byte{1, 200},
	}
	return []sample{
		these("point", "Point{22, 33}", Point{22, 33}),
		these("point_twice", "Point{22, 33}, Point{-1, 0}", Point{22, 33}, Point{-1, 0}),
		these("point_zero", "Point{}, Point{0, 7}", Point{}, Point{0, 7}),
		these("point_pointer", "&Point{22, 33}, Point{1, 2}", &Point{22, 33}, Point{1, 2}),
		these("scalars_full", "Scalars with every field set", full),
		these("scalars_zero", "Scalars{}", Scalars{}),
		these("scalars_negative_zero", "Scalars{Float32: -0, Float64: -0}: omitted, -0 == 0",
			Scalars{Float32: float32(math.Copysign(0, -1)), Float64: math.Copysign(0, -1)}),
		these("empty_struct", "Empty{}, Empty{}", Empty{}, Empty{}),
		these("empty_struct_unnamed", "struct{}{}", struct{}{}),
		these("empty_struct_field", "HasEmpty{1, Empty{}, 2}, HasEmpty{}", HasEmpty{1, Empty{}, 2}, HasEmpty{}),
		these("nested_twice", `Outer{1, Inner{"a", 1.5}, Inner{}}, Outer{2, Inner{}, Inner{"b", 2}}`,
			Outer{1, Inner{"a", 1.5}, Inner{}}, Outer{2, Inner{}, Inner{"b", 2}}),
		these("nested_deep", `Nest1{Nest2{Nest3{"s"}, 5}}, Nest1{}`, Nest1{Nest2{Nest3{"s"}, 5}}, Nest1{}),
		these("embedded", `Embeds{Base{1}, hidden{2}, &Inner{"in", 3}, "x"}, Embeds{} (nil *Inner)`,
			Embeds{Base{1}, hidden{2}, &Inner{"in", 3}, "x"}, Embeds{}),
		these("generic_pair", `Pair[int64, string]{1, "one"}`, Pair[int64, string]{1, "one"}),
		these("generic_struct", `HasPair{Pair[string, Point]{"p", Point{1, 2}}}`,
			HasPair{Pair[string, Point]{"p", Point{1, 2}}}),
		these("newtype_fields", `Newtypes{7, {"a", "b"}, {"s": 1.5}, {1, 255}, "t", {1, 0, -1}, {5, 6}}, Newtypes{}`,
			Newtypes{7, Names{"a", "b"}, Scores{"s": 1.5}, Blob{1, 255}, "t", Trio{1, 0, -1}, []ID{5, 6}},
			Newtypes{}),
		these("newtype_top", `ID(7), Names{"a"}, Scores{"s": 1}, Blob{1}, Title("t"), Trio{1, 2, 3}`,
			ID(7), Names{"a"}, Scores{"s": 1}, Blob{1}, Title("t"), Trio{1, 2, 3}),
		these("dropped_fields", "Dropped{A: 1, private: 2, Func, Chan set, B: 3}: only A and B are sent",
			Dropped{A: 1, private: 2, Func: func() {}, Chan: make(chan int64), B: 3}),
		these("anonymous_struct", "Anonymous{At: {1, 2}, B: {{3}}}",
			Anonymous{At: struct{ X, Y int64 }{1, 2}, B: []struct{ N int64 }{{3}}}),
		these("anonymous_top", "struct{A int64; P Point}{1, {2, 3}}", struct {
			A int64
			P Point
		}{1, Point{2, 3}}),
		these("wide", "Wide: F000..F139 int64, F000=1 F001=2 F130=3 F139=-4: deltas above 127",
			Wide{F000: 1, F001: 2, F130: 3, F139: -4}, Wide{F139: 5}, Wide{}),
	}
}
