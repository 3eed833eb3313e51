package main

import (
	"fmt"
	"net/rpc"

	"gobrpc.test/peers/model"
)

func mismatchChecks(s *suite) {
	for _, m := range []struct {
		name, method string
		args         any
	}{
		{"string_for_struct", "Arith.Multiply", "six by seven"},
		{"int_for_struct", "Arith.Multiply", 42},
		{"map_for_struct", "Arith.Multiply", map[string]int64{"A": 6}},
		{"slice_for_struct", "Arith.Multiply", []model.Args{{A: 1, B: 2}}},
		{"no_common_fields", "Arith.Multiply", struct{ X, Y int64 }{1, 2}},
		{"string_field_for_int", "Arith.Multiply", struct {
			A string
			B int64
		}{"6", 7}},
		{"zero_string_field_for_int", "Arith.Multiply", struct {
			A string
			B int64
		}{"", 7}},
		{"uint_field_for_int", "Arith.Multiply", struct{ A, B uint64 }{6, 7}},
		{"float_field_for_int", "Arith.Multiply", struct{ A, B float64 }{6, 7}},
		{"int_field_for_uint", "Echo.Nested", struct{ ID int64 }{6}},
		{"struct_field_for_string", "Echo.Nested", struct{ Title model.Args }{model.Args{A: 1}}},
		{"int_field_for_struct", "Echo.Nested", struct{ Inner int64 }{6}},
		{"string_field_for_slice", "Echo.Nested", struct{ List string }{"x"}},
		{"slice_field_for_map", "Echo.Nested", struct{ Dict []model.Inner }{[]model.Inner{{Name: "x"}}}},
		{"longer_array_field", "Echo.Nested", struct{ Flags [4]bool }{}},
		{"slice_field_for_array", "Echo.Nested", struct{ Flags []bool }{[]bool{true}}},
		{"deep_field", "Echo.Nested", struct{ List []struct{ Name int64 } }{[]struct{ Name int64 }{{5}}}},
		{"bytes_for_string", "Echo.String", []byte("x")},
		{"struct_for_string", "Echo.String", model.Args{A: 1}},
		{"string_for_bytes", "Echo.Bytes", "x"},
		{"ints_for_floats", "Echo.Floats", []int64{1}},
		{"map_of_strings_for_ints", "Echo.Dict", map[string]string{"a": "b"}},
		{"int_keys_for_strings", "Echo.Dict", map[int64]int64{1: 2}},
		{"string_for_empty_struct", "Misc.Nothing", "x"},
	} {
		s.client("mismatch_"+m.name, func(c *rpc.Client) error {
			// Twice: the second time the types are known already.
			return first(
				refused(c, m.method, m.args, nil, ""),
				refused(c, m.method, m.args, nil, ""),
			)
		})
	}
	s.client("mismatch_many_then_good", func(c *rpc.Client) error {
		for i := 0; i < 200; i++ {
			if err := refused(c, "Arith.Multiply", "no", nil, ""); err != nil {
				return fmt.Errorf("round %d: %w", i, err)
			}
		}
		return nil
	})
	s.client("mismatch_large_body", func(c *rpc.Client) error {
		return refused(c, "Arith.Multiply", make([]byte, 1<<20), nil, "")
	})
}
