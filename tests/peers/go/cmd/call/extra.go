package main

import (
	"encoding/gob"
	"math/big"
	"net/rpc"
	"net/url"
	"time"

	"gobrpc.test/peers/model"
)

// Shape and the types below are known to this client only.
type Shape struct {
	Sides int64
	Label string
	Parts []Part
}

// Part is reached only through Shape.
type Part struct{ Weight float64 }

// Box holds any value.
type Box struct{ Content any }

func init() {
	gob.Register(Shape{})
	gob.Register(&Part{})
	gob.Register(Box{})
	gob.Register(map[string]int64{})
	gob.Register([]any{})
}

func extraChecks(s *suite) {
	shape := Shape{4, "square", []Part{{1.5}, {}}}
	link, _ := url.Parse("https://user@example.org/path?q=1")
	self := &model.Tree{Value: 1, Left: &model.Tree{Value: 2}}

	ignored := func(name string, args any) {
		s.client("extra_"+name, func(c *rpc.Client) error {
			// Alone first, again with the types known, then plain calls.
			return first(product(c, args, 42), product(c, args, 42), alive(c), product(c, args, 42))
		})
	}
	ignored("scalars", struct {
		Before string
		A      int64
		Middle float64
		Flag   bool
		Z      complex128
		B      int64
		After  uint64
	}{"x", 6, 1.5, true, 1 + 2i, 7, 1 << 63})
	ignored("nested", struct {
		Shape Shape
		A     int64
		Ptr   *Shape
		Deep  struct{ Deeper struct{ Shape Shape } }
		B     int64
	}{Shape: shape, A: 6, Ptr: &shape, B: 7})
	ignored("empty_struct_field", struct {
		A int64
		E struct{}
		B int64
	}{A: 6, B: 7})
	ignored("slices", struct {
		Names  []string
		Shapes []Shape
		A      int64
		Grid   [][]int64
		Raw    []byte
		Empty  [][]Shape
		B      int64
	}{[]string{"a", ""}, []Shape{shape, {}}, 6, [][]int64{{1, -1}, nil, {}}, []byte{0, 255}, nil, 7})
	ignored("arrays", struct {
		Pair  [2]Shape
		A     int64
		None  [0]int64
		Bytes [4]byte
		B     int64
	}{A: 6, B: 7, Bytes: [4]byte{1, 128, 255, 0}})
	ignored("maps", struct {
		Dict   map[string]Shape
		A      int64
		Keyed  map[Part]int64
		Nested map[int64]map[string][]Part
		None   map[string]string
		B      int64
	}{
		map[string]Shape{"s": shape, "": {}}, 6, map[Part]int64{{1}: 2},
		map[int64]map[string][]Part{-1: {"p": {{2}}}, 0: nil}, map[string]string{}, 7,
	})
	ignored("recursive", struct {
		Tree *model.Tree
		A, B int64
	}{self, 6, 7})
	ignored("marshalers", struct {
		When time.Time
		A    int64
		Size *big.Int
		Link *url.URL
		B    int64
	}{time.Unix(1, 2).UTC(), 6, big.NewInt(-1), link, 7})
	ignored("interface_basic", struct {
		A     int64
		Any   any
		Other any
		B     int64
	}{6, "text", int64(-1), 7})
	ignored("interface_inline_type", struct {
		A   int64
		Any any
		B   int64
	}{6, shape, 7})
	ignored("interface_inline_twice", struct {
		First  any
		A      int64
		Second any
		Third  any
		B      int64
	}{shape, 6, shape, &Part{3}, 7})
	ignored("interface_inline_last", struct {
		A, B int64
		Any  any
	}{6, 7, map[string]int64{"a": 1}})
	ignored("interface_nil", struct {
		A   int64
		Any any
		B   int64
	}{6, nil, 7})
	ignored("interface_slice", struct {
		A    int64
		List []any
		B    int64
	}{6, []any{int64(1), "x", shape, shape, &Part{1}}, 7})
	ignored("interface_map", struct {
		A    int64
		Dict map[string]any
		B    int64
	}{6, map[string]any{"s": shape}, 7})
	ignored("interface_nested", struct {
		A   int64
		Any any
		B   int64
	}{6, Box{Box{shape}}, 7})
	ignored("interface_nested_slices", struct {
		A    int64
		List []any
		B    int64
	}{6, []any{Box{[]any{shape, Box{&Part{1}}}}, Box{shape}, "x"}, 7})
	s.client("extra_many_fields", func(c *rpc.Client) error {
		args := wide()
		return first(c.Call("Misc.Nothing", args, nil), product(c, args, 42), alive(c))
	})
	s.client("extra_deep_in_nested", func(c *rpc.Client) error {
		type inner struct {
			Extra Shape
			Name  string
			Any   any
			Score float64
		}
		args := struct {
			List []inner
			ID   uint64
			Dict map[string]inner
		}{[]inner{{shape, "a", shape, 1}, {Name: "b"}}, 9, map[string]inner{"k": {Name: "c", Any: "x"}}}
		want := model.Nested{
			ID: 9, List: []model.Inner{{Name: "a", Score: 1}, {Name: "b"}},
			Dict: map[string]model.Inner{"k": {Name: "c"}},
		}
		var got model.Nested
		return first(c.Call("Echo.Nested", args, &got), equal(got, want), alive(c))
	})
	if !s.beyond {
		return
	}
	// Go's decoder cannot skip a nil inside a slice of interfaces.
	ignored("beyond_nil_in_interface_slice", struct {
		A    int64
		List []any
		B    int64
	}{6, []any{"x", nil, shape}, 7})
}

// wide has 140 unknown fields around the two known ones.
func wide() any {
	return wideArgs{A: 6, B: 7, F000: 1, F069: 2, F070: 3, F139: 4}
}
