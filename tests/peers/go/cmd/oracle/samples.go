package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"math/rand"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// The types of the description's own examples, and what is near their edges.
type (
	List struct {
		V    int
		Next *List
	}
	Holder struct {
		L *List
		V List
		S []List
	}
	Pair  struct{ A, B *Leaf }
	Leaf  struct{ N, M int }
	Grid  struct{ Rows *[2]Row }
	Row   struct{ Cells *[3]Leaf }
	Ring  struct{ Links *[1]Ring }
	Empty struct {
		None *[0]List
		Some *[2]List
		Outs *[2]Grid
	}
	Tree map[string]Tree
	Each struct {
		Bool    bool
		Int     int
		Uint    uint
		Float   float64
		Complex complex128
		String  string
		Bytes   []byte
		Any     any
		Slice   []int
		Map     map[string]int
		Time    *time.Time
		Big     *big.Int
		Array   *[2]Leaf
		Struct  *Pair
		List    *List
		Before  *bool
	}
	Noted struct {
		Note any
		More []any
	}
)

// samples writes streams of Go's encoder that the goldens do not have: the edges of
// what is printed, and random types and values.
func samples(folder string, seed int64, count int) {
	gob.Register(Leaf{})
	gob.Register(Noted{})
	gob.Register(List{})
	gob.RegisterName("odd \"name\" \xff", Row{})
	save := func(name string, values ...any) {
		var stream bytes.Buffer
		encoder := gob.NewEncoder(&stream)
		for _, value := range values {
			if err := encoder.Encode(value); err != nil {
				fail(fmt.Errorf("%s: %v", name, err))
			}
		}
		write(filepath.Join(folder, name+".gob"), stream.Bytes())
	}
	yes, no := true, false
	save("lists", List{1, nil}, List{1, &List{}}, Holder{}, Holder{L: &List{}, S: []List{{}, {V: 2}}})
	save("zeros", Each{}, Each{Before: &yes}, Each{Before: &no, Struct: &Pair{}, Array: &[2]Leaf{{}, {M: 1}}})
	save("arrays", Grid{}, Grid{Rows: &[2]Row{{}, {Cells: &[3]Leaf{{N: 1}, {}, {}}}}})
	save("rings", Ring{Links: &[1]Ring{{Links: &[1]Ring{{}}}}}, Empty{}, Empty{Outs: &[2]Grid{}})
	save("trees", Tree{"b": {"x": nil, "": {}}, "a": nil})
	save("keys", map[float64]string{math.NaN(): "b", math.Float64frombits(0x7ff8000000000001): "a", 10: "", 9: "", -1: "", math.Inf(1): ""})
	save("texts", map[string]int{"a\xff": 2, "a\xfe": 1, "\u2028\u2029\u0085\x7f": 3, "\ufffd": 4, "</&>": 5, "\x00\b\t\n\v\f\r\x1f\"\\/": 6, "\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80\xe2\x82": 7})
	save("floats", []float64{0, math.Copysign(0, -1), 1e-6, 9.999999999999999e-7, 1e21, 1e20, 123456789012345680000, 999999999999999900000, 5e-324, math.MaxFloat64, 0.1, 1. / 3, 100, 1e22, -2.5e-10, math.Pi})
	save("notes", Noted{Note: Leaf{1, 2}, More: []any{nil, 1, "x", Noted{Note: List{V: 1, Next: &List{}}}, Row{}, []byte{1}, 1i, uint8(7), float32(0.1)}})
	random := rand.New(rand.NewSource(seed))
	for n := 0; n < count; n++ {
		t := randomType(random, 3)
		var values []any
		for more := 1 + random.Intn(3); more > 0; more-- {
			values = append(values, randomValue(random, t).Interface())
		}
		save(fmt.Sprintf("random%04d", n), values...)
	}
}

func randomType(random *rand.Rand, depth int) reflect.Type {
	plain := []any{
		false, 0, int8(0), uint(0), byte(0), float32(0), 0., complex64(0), "", []byte(nil),
		time.Time{}, Leaf{}, List{}, Pair{}, Ring{},
	}
	if depth == 0 {
		return reflect.TypeOf(plain[random.Intn(len(plain))])
	}
	inner := func() reflect.Type { return randomType(random, depth-1) }
	switch random.Intn(6) {
	case 0:
		return reflect.SliceOf(inner())
	case 1:
		return reflect.ArrayOf(random.Intn(4), inner())
	case 2:
		keys := []any{false, 0, uint16(0), 0., "", [2]int{}, Leaf{}}
		return reflect.MapOf(reflect.TypeOf(keys[random.Intn(len(keys))]), inner())
	case 3:
		return randomType(random, 0)
	}
	var fields []reflect.StructField
	for n, count := 0, 1+random.Intn(5); n < count; n++ {
		t := inner()
		if random.Intn(3) == 0 {
			t = reflect.PointerTo(t)
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", n), Type: t})
	}
	return reflect.StructOf(fields)
}

// randomValue is a value of the type, with zeros and nil pointers where Go may send
// them: never in slices, arrays and maps.
func randomValue(random *rand.Rand, t reflect.Type) reflect.Value {
	value := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		value.SetBool(random.Intn(2) == 0)
	case reflect.Int, reflect.Int8:
		value.SetInt(int64(random.Uint64()) >> random.Intn(64) % 128)
	case reflect.Uint, reflect.Uint8, reflect.Uint16:
		value.SetUint(random.Uint64() >> random.Intn(64) % 256)
	case reflect.Float32, reflect.Float64:
		value.SetFloat(randomFloat(random))
	case reflect.Complex64:
		value.SetComplex(complex(randomFloat(random), randomFloat(random)))
	case reflect.String:
		var text strings.Builder
		for more := random.Intn(6); more > 0; more-- {
			text.WriteString([]string{"a", "é", "\xff", "\xe2\x82", "\"", "\n", "\u2028", "🦀", "\x00", "\x7f"}[random.Intn(10)])
		}
		value.SetString(text.String())
	case reflect.Slice:
		for more := random.Intn(4); more > 0; more-- {
			value = reflect.Append(value, randomValue(random, t.Elem()))
		}
	case reflect.Array:
		for n := 0; n < t.Len(); n++ {
			value.Index(n).Set(randomValue(random, t.Elem()))
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(t))
		for more := random.Intn(5); more > 0; more-- {
			value.SetMapIndex(randomValue(random, t.Key()), randomValue(random, t.Elem()))
		}
	case reflect.Struct:
		if t == reflect.TypeOf(time.Time{}) {
			return reflect.ValueOf(time.Unix(random.Int63n(1<<33), random.Int63n(1e9)).UTC())
		}
		for n := 0; n < t.NumField(); n++ {
			if random.Intn(3) > 0 {
				value.Field(n).Set(randomValue(random, t.Field(n).Type))
			}
		}
	case reflect.Pointer:
		if random.Intn(4) > 0 {
			value.Set(reflect.New(t.Elem()))
			value.Elem().Set(randomValue(random, t.Elem()))
		}
	}
	return value
}

func randomFloat(random *rand.Rand) float64 {
	switch random.Intn(4) {
	case 0:
		return math.Float64frombits(random.Uint64())
	case 1:
		return float64(random.Intn(100))
	case 2:
		return math.NaN()
	}
	return math.Pow(10, float64(random.Intn(60)-30)) * random.Float64()
}
