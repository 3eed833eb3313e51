// Command compat says of pairs of types what gob makes of values of the first
// that are read as the second. Each pair is a line of five words: a name, the
// verdict, streams of both types in hex, and the error that Go gives.
//
// The verdict is "breaks" if Go refuses the value, "loses" if the value does not
// come back from the second type as it was, and else "keeps".
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"log"
	"math/big"
	"os"
	"reflect"
	"time"
)

// Binary is a BinaryMarshaler.
type Binary struct{ N byte }

// MarshalBinary implements encoding.BinaryMarshaler.
func (b Binary) MarshalBinary() ([]byte, error) { return []byte{b.N}, nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (b *Binary) UnmarshalBinary(data []byte) error { b.N = data[0]; return nil }

// Chain is recursive.
type Chain struct {
	V    int
	Next *Chain
}

// Rope is recursive, and calls its value by another name.
type Rope struct {
	W    int
	Next *Rope
}

// Nest is a slice of itself.
type Nest []Nest

func main() {
	pair("int", one(int8(5)), one(int64(0)))
	pair("int_uint", one(5), one(uint(0)))
	pair("uint_int", one(uint(5)), one(0))
	pair("float_int", one(1.5), one(0))
	pair("float", one(float32(1.5)), one(0.0))
	pair("bool_uint", one(true), one(uint(0)))
	pair("string_bytes", one("a"), one([]byte{}))
	pair("bytes_string", one([]byte{1}), one(""))
	pair("complex", one(complex64(1)), one(complex128(0)))
	pair("any_int", one(any(5)), one(0))
	pair("int_any", one(5), one(any(nil)))
	pair("any", one(any(5)), one(any(nil)))
	pair("slice", one([]int8{1}), one([]int64{}))
	pair("slice_elem", one([]int{1}), one([]uint{}))
	pair("slice_elem_any", one([]int{1}), one([]any{}))
	pair("slice_array", one([]int{1}), one([1]int{}))
	pair("array_slice", one([1]int{1}), one([]int{}))
	pair("array", one([2]int{1, 2}), one([2]int8{}))
	pair("array_length", one([2]int{1, 2}), one([3]int{}))
	pair("array_bytes", one([2]byte{1, 2}), one([]byte{}))
	pair("map", one(map[string]int{"a": 1}), one(map[string]int8{}))
	pair("map_key", one(map[string]int{"a": 1}), one(map[int]int{}))
	pair("map_elem", one(map[string]int{"a": 1}), one(map[string]string{}))
	pair("map_slice", one(map[string]int{"a": 1}), one([]int{}))
	pair("struct_int", one(struct{ A int }{1}), one(0))
	pair("int_struct", one(1), one(struct{ A int }{}))
	seven := 7
	pair("pointer", one(&seven), one(0))
	pair("gob", one(time.Unix(1, 0)), one(&time.Time{}))
	pair("gob_binary", one(time.Unix(1, 0)), one(Binary{}))
	pair("binary_gob", one(Binary{1}), one(time.Time{}))
	pair("binary_struct", one(Binary{1}), one(struct{ N byte }{}))
	pair("struct_binary", one(struct{ N byte }{1}), one(Binary{}))
	pair("gob_other_payload", one(big.NewInt(7)), one(&big.Rat{}))
	pair("dropped", two(1, "a"), one(0))
	pair("added", one(1), two(0, ""))
	pair("all_dropped", one(struct{ A int }{1}), one(struct{ B int }{}))
	pair("no_common_field", struct{ A int }{1}, struct{ B int }{})
	pair("no_fields_here", struct{ A int }{1}, struct{}{})
	pair("no_fields_there", struct{}{}, struct{ A int }{})
	pair("spelling", two(1, "a"), struct {
		F  int
		G_ string
	}{})
	pair("order", two(1, "a"), struct {
		G string
		F int
	}{})
	pair("deep", one([]map[string]struct{ A []int }{{"k": {[]int{1}}}}), one([]map[string]struct{ A []uint }{}))
	pair("chain", Chain{1, &Chain{2, nil}}, Chain{})
	pair("chain_rope", Chain{1, &Chain{2, nil}}, Rope{})
	pair("nest", Nest{Nest{}, Nest{Nest{}}}, Nest{})
	pair("nest_slice", one(Nest{Nest{}}), one([]int{}))
	pair("top_int", 5, int8(0))
	pair("top_int_uint", 5, uint(0))
	pair("top_slice", []string{"a"}, [][]byte{})
	pair("top_map", map[string]int{"a": 1}, map[string]uint{})
	if failed {
		os.Exit(1)
	}
}

func one[T any](f T) any { return struct{ F T }{f} }

func two[T, U any](f T, g U) any {
	return struct {
		F T
		G U
	}{f, g}
}

var failed bool

func pair(name string, writer, reader any) {
	sent := encode(writer)
	into := reflect.New(reflect.TypeOf(reader))
	verdict, text := "keeps", "-"
	if err := gob.NewDecoder(bytes.NewReader(sent)).DecodeValue(into); err != nil {
		verdict, text = "breaks", err.Error()
	} else {
		back := reflect.New(reflect.TypeOf(writer))
		err := gob.NewDecoder(bytes.NewReader(encode(into.Interface()))).DecodeValue(back)
		// Compared as bytes, since gob cannot tell an empty slice from a nil one.
		if err != nil || !bytes.Equal(encode(back.Elem().Interface()), sent) {
			verdict = "loses"
		}
	}
	fmt.Println(name, verdict, hex.EncodeToString(sent), hex.EncodeToString(encode(reader)), text)
}

func encode(v any) []byte {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		log.Println(err)
		failed = true
	}
	return b.Bytes()
}
