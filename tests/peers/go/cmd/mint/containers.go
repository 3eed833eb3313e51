package main

// Each struct below reaches Inner, or another element, first through one
// container: that decides the element's name in its definition.
type (
	// HasSlice names Inner.
	HasSlice struct{ List []Inner }
	// HasPtrSlice leaves Inner without a name.
	HasPtrSlice struct{ List []*Inner }
	// HasMap leaves Inner without a name.
	HasMap struct{ Dict map[string]Inner }
	// HasPtrMap leaves Inner without a name.
	HasPtrMap struct{ Dict map[string]*Inner }
	// HasArray leaves Inner without a name.
	HasArray struct{ Trio [3]Inner }
	// HasKeys has struct keys.
	HasKeys struct{ Dict map[Point]Inner }
	// HasDeep has containers in containers.
	HasDeep struct {
		Grid   [][]int64
		Lists  map[string][]int64
		Maps   []map[string]int64
		Cubes  [2][2]int32
		Nested map[string]map[int64][]Inner
	}
	// HasBasics has slices of the basic kinds.
	HasBasics struct {
		Strings []string
		Floats  []float64
		Floats4 []float32
		Bools   []bool
		Ints    []int
		Ints4   []int32
		Ints1   []int8
		Bytes   []uint8
		Uints2  []uint16
		Uints8  []uint64
		Blobs   [][]byte
	}
	// HasArrays has arrays of basic kinds.
	HasArrays struct {
		Four  [4]byte
		None  [0]int64
		Flags [2]bool
		Names [2]string
	}
	// SameTwice shares unnamed types between fields.
	SameTwice struct {
		A, B []string
		C    map[string][]string
		D    []Inner
		E    Inner
	}
	// FieldFirst meets Inner as a field before []*Inner.
	FieldFirst struct {
		One  Inner
		List []*Inner
	}
	// ListFirst meets Inner in []*Inner before the field.
	ListFirst struct {
		List []*Inner
		One  Inner
	}
	// NameFromList meets the named slice type Names in a slice.
	NameFromList struct {
		Lists []Names
		Ptrs  []*Names
		Maps  map[ID]Names
	}
)

func containerSamples() []sample {
	a, b := Inner{"a", 1}, Inner{"b", 0}
	many := map[string]int64{"key-a": 1, "key-b": 2, "key-c": 3, "key-d": 4}
	return []sample{
		these("slice_of_struct", "HasSlice{{a, {}, b}}, HasSlice{nil}, HasSlice{{}}; a = Inner{\"a\", 1}, b = Inner{\"b\", 0}",
			HasSlice{[]Inner{a, {}, b}}, HasSlice{}, HasSlice{[]Inner{}}),
		these("slice_of_pointer", "HasPtrSlice{{&a, &Inner{}}}", HasPtrSlice{[]*Inner{&a, {}}}),
		these("map_of_struct", `HasMap{{"k": a}}, HasMap{nil}, HasMap{{}} (empty map is sent)`,
			HasMap{map[string]Inner{"k": a}}, HasMap{}, HasMap{map[string]Inner{}}),
		these("map_of_pointer", `HasPtrMap{{"k": &b}}`, HasPtrMap{map[string]*Inner{"k": &b}}),
		these("array_of_struct", "HasArray{{a, {}, b}}, HasArray{} (always sent)", HasArray{[3]Inner{a, {}, b}}, HasArray{}),
		these("map_struct_keys", "HasKeys{{Point{1, 2}: a}}", HasKeys{map[Point]Inner{{1, 2}: a}}),
		these("deep_containers",
			`HasDeep{{{1, -1}, nil, {}}, {"k": {1}}, {{"m": 2}, nil}, {{1, 2}, {3, 4}}, {"n": {5: {a}}}}, HasDeep{}`,
			HasDeep{
				[][]int64{{1, -1}, nil, {}}, map[string][]int64{"k": {1}}, []map[string]int64{{"m": 2}, nil},
				[2][2]int32{{1, 2}, {3, 4}}, map[string]map[int64][]Inner{"n": {5: {a}}},
			}, HasDeep{}),
		these("basic_slices",
			`HasBasics{{"a", ""}, {1.5, 0}, {0.1}, {true, false}, {1, -1}, {1<<20}, {-128}, {0, 255}, {65535}, {1<<63}, {{1}, nil}}, HasBasics{}`,
			HasBasics{
				[]string{"a", ""}, []float64{1.5, 0}, []float32{0.1}, []bool{true, false}, []int{1, -1}, []int32{1 << 20},
				[]int8{-128}, []uint8{0, 255}, []uint16{65535}, []uint64{1 << 63}, [][]byte{{1}, nil},
			}, HasBasics{}),
		these("basic_arrays", `HasArrays{{0, 127, 128, 255}, {}, {true, false}, {"a", ""}}, HasArrays{}`,
			HasArrays{[4]byte{0, 127, 128, 255}, [0]int64{}, [2]bool{true, false}, [2]string{"a", ""}}, HasArrays{}),
		these("shared_unnamed", `SameTwice{{"a"}, {"b"}, {"c": {"d"}}, {a}, b}`,
			SameTwice{[]string{"a"}, []string{"b"}, map[string][]string{"c": {"d"}}, []Inner{a}, b}),
		these("name_field_first", "FieldFirst{a, {&b}}: Inner keeps its name", FieldFirst{a, []*Inner{&b}}),
		these("name_list_first", "ListFirst{{&b}, a}: Inner has no name", ListFirst{[]*Inner{&b}, a}),
		these("name_newtypes", `NameFromList{{{"a"}}, {&Names{"b"}}, {1: {"c"}}}`,
			NameFromList{[]Names{{"a"}}, []*Names{{"b"}}, map[ID]Names{1: {"c"}}}),
		these("top_slice", "[]int64{1, -1, 0}, []int64(nil), []int64{}", []int64{1, -1, 0}, []int64(nil), []int64{}),
		these("top_slice_of_struct", "[]Inner{a, {}}", []Inner{a, {}}),
		these("top_slice_of_pointer", "[]*Inner{&a}", []*Inner{&a}),
		these("top_slice_of_slice", `[][]string{{"a"}, nil}`, [][]string{{"a"}, nil}),
		these("top_strings", `[]string{"a", ""}, string "s"`, []string{"a", ""}, "s"),
		these("top_floats", "[]float64{0, -0, 17}", []float64{0, negativeZero(), 17}),
		these("top_map", `map[string]int64{"k": 1}, nil map, empty map`,
			map[string]int64{"k": 1}, map[string]int64(nil), map[string]int64{}),
		these("top_map_of_struct", `map[string]Inner{"k": a}`, map[string]Inner{"k": a}),
		{name: "top_map_many", note: `map[string]int64{"key-a": 1, .. "key-d": 4}, sent in key order`,
			values: func() []any { return []any{many} }, keys: []string{"key-a", "key-b", "key-c", "key-d"}},
		these("top_array", "[3]int64{1, 0, -1}, [0]int64{}", [3]int64{1, 0, -1}, [0]int64{}),
		these("top_byte_array", "[4]byte{0, 127, 128, 255}", [4]byte{0, 127, 128, 255}),
		these("top_array_of_struct", "[2]Inner{a, {}}", [2]Inner{a, {}}),
	}
}
