package main

import "math"

// Pointers has pointers to each kind of value.
type Pointers struct {
	Int    *int64
	String *string
	Bool   *bool
	Float  *float64
	Struct *Inner
	Slice  *[]int64
	Map    *map[string]int64
	Array  *[2]int64
	Bytes  *[]byte
	Twice  **int64
	Empty  *Empty
}

func negativeZero() float64 { return math.Copysign(0, -1) }

func pointerSamples() []sample {
	n, s, t, f := int64(-5), "s", true, 2.5
	slice, dict, array, raw := []int64{1}, map[string]int64{"k": 1}, [2]int64{0, 1}, []byte{9}
	p := &n
	set := Pointers{&n, &s, &t, &f, &Inner{"a", 1}, &slice, &dict, &array, &raw, &p, &Empty{}}
	zero := Pointers{
		new(int64), new(string), new(bool), new(float64), new(Inner), new([]int64), new(map[string]int64),
		new([2]int64), new([]byte), new(*int64), new(Empty),
	}
	empty := Pointers{Slice: &[]int64{}, Map: &map[string]int64{}}
	return []sample{
		these("pointers_set", `Pointers to -5 "s" true 2.5 {"a", 1} {1} {"k": 1} {0, 1} {9} -5 Empty{}`, set),
		these("pointers_nil", "Pointers{}", Pointers{}),
		these("pointers_zero", "Pointers to zero values: only Struct, Array and Empty are sent", zero),
		these("pointers_empty", "Pointers{Slice: &{}, Map: &{}}: only the empty map is sent", empty),
		these("pointer_top", "*int64 to -5, **int64 to -5, *string to \"s\"", &n, &p, &s),
	}
}
