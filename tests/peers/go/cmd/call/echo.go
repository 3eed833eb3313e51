package main

import (
	"bytes"
	"fmt"
	"math"
	"net/rpc"
	"reflect"
	"strings"

	"gobrpc.test/peers/model"
)

// equal compares deeply; a long difference is cut.
func equal[T any](got, want T) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("got %.200v, want %.200v", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
}

// echo calls an Echo method and compares.
func echo[T any](c *rpc.Client, method string, arg T) error {
	var got T
	return first(c.Call("Echo."+method, arg, &got), equal(got, arg))
}

// chain is a tree with one node at each depth, alternating sides.
func chain(depth int) *model.Tree {
	var t *model.Tree
	for i := 0; i < depth; i++ {
		if i%2 == 0 {
			t = &model.Tree{Value: int64(i), Left: t}
		} else {
			t = &model.Tree{Value: int64(-i), Right: t}
		}
	}
	return t
}

// balanced is a tree of n nodes; a zero value is among them.
func balanced(n int64) *model.Tree {
	if n == 0 {
		return nil
	}
	left := (n - 1) / 2
	return &model.Tree{Value: n - 3, Left: balanced(left), Right: balanced(n - 1 - left)}
}

func echoChecks(s *suite) {
	full := model.Nested{
		ID: math.MaxUint64, Title: "título",
		Inner: model.Inner{Name: "in", Score: -1.25},
		Ptr:   &model.Inner{Name: "ptr", Score: math.SmallestNonzeroFloat64},
		List:  []model.Inner{{Name: "a", Score: 1}, {}, {Name: "c", Score: math.MaxFloat64}},
		Dict:  map[string]model.Inner{"": {}, "k": {Name: "v", Score: 17}, "z": {Score: math.Inf(-1)}},
		Raw:   []byte{0, 127, 128, 255}, Flags: [3]bool{true, false, true},
	}
	s.client("nested_full", func(c *rpc.Client) error { return echo(c, "Nested", full) })
	s.client("nested_zero", func(c *rpc.Client) error { return echo(c, "Nested", model.Nested{}) })
	s.client("nested_full_zero_full", func(c *rpc.Client) error {
		return first(echo(c, "Nested", full), echo(c, "Nested", model.Nested{}), echo(c, "Nested", full))
	})
	s.client("nested_pointer_to_zero", func(c *rpc.Client) error {
		return echo(c, "Nested", model.Nested{Ptr: &model.Inner{}})
	})
	s.client("nested_empty_map", func(c *rpc.Client) error {
		return echo(c, "Nested", model.Nested{Dict: map[string]model.Inner{}})
	})
	s.client("tree_leaf", func(c *rpc.Client) error { return echo(c, "Tree", model.Tree{}) })
	s.client("tree_chain_50", func(c *rpc.Client) error { return echo(c, "Tree", *chain(50)) })
	s.client("tree_balanced_1023", func(c *rpc.Client) error { return echo(c, "Tree", *balanced(1023)) })

	s.client("dict_nil", func(c *rpc.Client) error {
		var got map[string]int64
		return first(c.Call("Echo.Dict", map[string]int64(nil), &got), equal(len(got), 0), alive(c))
	})
	s.client("dict_empty", func(c *rpc.Client) error { return echo(c, "Dict", map[string]int64{}) })
	s.client("dict_small", func(c *rpc.Client) error {
		return echo(c, "Dict", map[string]int64{"": 0, "min": math.MinInt64, "max": math.MaxInt64, "\xff": -1})
	})
	s.client("dict_large", func(c *rpc.Client) error {
		dict := make(map[string]int64)
		for i := int64(0); i < 20000; i++ {
			dict[fmt.Sprint("key", i)] = i * i * -i
		}
		return echo(c, "Dict", dict)
	})
	s.client("floats", func(c *rpc.Client) error {
		want := []float64{
			0, math.Copysign(0, -1), 1, -1, 17, 0.1, math.Pi, math.NaN(), math.Inf(1), math.Inf(-1),
			math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, math.MaxFloat32,
		}
		var got []float64
		if err := c.Call("Echo.Floats", want, &got); err != nil {
			return err
		}
		bits := func(fs []float64) (u []uint64) {
			for _, f := range fs {
				u = append(u, math.Float64bits(f))
			}
			return u
		}
		return equal(bits(got), bits(want))
	})
	s.client("floats_empty", func(c *rpc.Client) error {
		var got []float64 // Go decodes a nil slice here.
		return first(c.Call("Echo.Floats", []float64{}, &got), equal(len(got), 0), alive(c))
	})
	for _, size := range []int{0, 1, 127, 128, 64 << 10, 1 << 20} {
		s.client(fmt.Sprint("string_", size), func(c *rpc.Client) error {
			return first(echo(c, "String", strings.Repeat("g", size)), alive(c))
		})
		s.client(fmt.Sprint("bytes_", size), func(c *rpc.Client) error {
			arg := bytes.Repeat([]byte{0xff, 0x00, 0xc3, 0x28}, size/4+1)[:size]
			var got []byte
			return first(c.Call("Echo.Bytes", arg, &got), equal(string(got), string(arg)), alive(c))
		})
	}
	s.client("string_utf8", func(c *rpc.Client) error { return echo(c, "String", "héllo ☃ \x00 🦀") })
	s.client("string_not_utf8", func(c *rpc.Client) error { return echo(c, "String", "\xff\xc3\x28") })
}
