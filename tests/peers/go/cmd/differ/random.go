package main

import (
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"math/rand"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"time"
)

// Types that reflection cannot make: recursive ones, ones with names and methods.
type (
	// Node is a list and a tree.
	Node struct {
		Value int
		Next  *Node
		Kids  []*Node
		By    map[string]*Node
		Half  Half
	}
	// Half and Other lead to each other.
	Half  struct{ Other *Other }
	Other struct {
		Half *Half
		Name string
	}
	// List and Dict hold nothing but themselves.
	List []List
	Dict map[string]Dict
	// Number, Text, Raw and Byte have names.
	Number int32
	Text   string
	Raw    []Byte
	Byte   uint8
	// Outer has the fields of an embedded struct under one name.
	Outer struct {
		Inner
		Text
		Own int8
	}
	Inner struct{ X, Y float32 }
)

// UUID is google/uuid's in all that gob can see.
type UUID [16]byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (u UUID) MarshalBinary() ([]byte, error) { return u[:], nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (u *UUID) UnmarshalBinary(payload []byte) error {
	if copy(u[:], payload) != len(u) {
		return fmt.Errorf("a UUID of %d bytes", len(payload))
	}
	return nil
}

// typeFor is reflect.TypeFor, which is newer than Go 1.21.
func typeFor[T any]() reflect.Type { return reflect.TypeOf((*T)(nil)).Elem() }

var scalars = []reflect.Type{
	typeFor[bool](), typeFor[int](), typeFor[int8](), typeFor[int16](),
	typeFor[int32](), typeFor[int64](), typeFor[uint](), typeFor[uint8](),
	typeFor[uint16](), typeFor[uint32](), typeFor[uint64](), typeFor[uintptr](),
	typeFor[float32](), typeFor[float64](), typeFor[complex64](),
	typeFor[complex128](), typeFor[string](), typeFor[Number](), typeFor[Text](),
	typeFor[time.Duration](),
}

var declared = []reflect.Type{
	typeFor[[]byte](), typeFor[Raw](), typeFor[Node](), typeFor[*Node](),
	typeFor[Half](), typeFor[List](), typeFor[Dict](), typeFor[Outer](),
	typeFor[time.Time](), typeFor[*time.Time](), typeFor[*big.Int](),
	typeFor[*big.Rat](), typeFor[*big.Float](), typeFor[*url.URL](),
	typeFor[net.IP](), typeFor[netip.Addr](), typeFor[UUID](), typeFor[[4]byte](),
	typeFor[any](), typeFor[[]any](), typeFor[map[string]any](), typeFor[struct{}](),
}

// names are those of the types that interfaces hold.
var names = map[reflect.Type]string{}

func register(name string, typ reflect.Type) {
	if names[typ] == "" {
		names[typ] = name
		gob.RegisterName(name, reflect.Zero(typ).Interface())
	}
}

func init() {
	register("[]interface {}", typeFor[[]any]())
	register("map[string]interface {}", typeFor[map[string]any]())
	register("time.Time", typeFor[time.Time]())
	register("main.Node", typeFor[Node]())
	register("some/where.Number", typeFor[Number]())
	register("main.Dict", typeFor[Dict]())
	register("uuid", typeFor[UUID]())
}

// nameOf is the name of a type that an interface holds; gob knows the basic ones
// by themselves.
func nameOf(typ reflect.Type) string {
	if name := names[typ]; name != "" {
		return name
	}
	return typ.String()
}

// maker makes a type and its values from a seed.
type maker struct {
	random *rand.Rand
	// held are types that interfaces hold, besides basic ones.
	held []reflect.Type
}

func newMaker(seed uint64) *maker {
	m := &maker{random: rand.New(rand.NewSource(int64(seed)))}
	for i := 0; i < 2; i++ {
		typ := m.structure(2)
		register(fmt.Sprintf("main.R%x.%d", seed, i), typ)
		m.held = append(m.held, typ)
	}
	m.held = append(m.held,
		typeFor[[]any](), typeFor[map[string]any](), typeFor[time.Time](),
		typeFor[Node](), typeFor[Number](), typeFor[Dict](), typeFor[UUID](),
		typeFor[int](), typeFor[string](), typeFor[float64](), typeFor[bool](),
		typeFor[[]byte](), typeFor[[]string](), typeFor[[]int](), typeFor[uint16]())
	return m
}

func (m *maker) one(of int) bool { return m.random.Intn(of) == 0 }

// root is the type of the values: mostly a struct.
func (m *maker) root() reflect.Type {
	for {
		var typ reflect.Type
		if m.one(3) {
			typ = m.typ(0)
		} else {
			typ = m.structure(0)
		}
		if typ.Kind() != reflect.Pointer && typ.Kind() != reflect.Interface {
			return typ
		}
	}
}

func (m *maker) typ(depth int) reflect.Type {
	const deepest = 4
	choice := m.random.Intn(12)
	if depth >= deepest {
		choice %= 6
	}
	switch choice {
	case 0, 1, 2, 3:
		return scalars[m.random.Intn(len(scalars))]
	case 4, 5:
		return declared[m.random.Intn(len(declared))]
	case 6, 7:
		return reflect.SliceOf(m.typ(depth + 1))
	case 8:
		return reflect.ArrayOf(m.random.Intn(4), m.typ(depth+1))
	case 9:
		return reflect.MapOf(m.key(), m.typ(depth+1))
	default:
		return m.structure(depth + 1)
	}
}

func (m *maker) key() reflect.Type {
	switch m.random.Intn(8) {
	case 0:
		return reflect.ArrayOf(2, scalars[m.random.Intn(len(scalars))])
	case 1:
		return reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: scalars[m.random.Intn(len(scalars))]},
			{Name: "B", Type: typeFor[string]()},
		})
	default:
		return scalars[m.random.Intn(len(scalars))]
	}
}

func (m *maker) structure(depth int) reflect.Type {
	var fields []reflect.StructField
	for i, n := 0, m.random.Intn(7); i < n; i++ {
		field := reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: m.typ(depth + 1)}
		if m.one(4) && field.Type.Kind() != reflect.Interface {
			field.Type = reflect.PointerTo(field.Type)
		}
		fields = append(fields, field)
	}
	if len(fields) > 1 && m.one(10) {
		// Neither travels.
		fields = append(fields,
			reflect.StructField{Name: "hidden", PkgPath: "main", Type: typeFor[int]()},
			reflect.StructField{Name: "Done", Type: typeFor[chan int]()})
	}
	return reflect.StructOf(fields)
}

// value makes a value that is deep into a larger one.
func (m *maker) value(typ reflect.Type, depth int) reflect.Value {
	value := reflect.New(typ).Elem()
	m.fill(value, depth)
	return value
}

func (m *maker) fill(value reflect.Value, depth int) {
	if m.special(value) {
		return
	}
	count := m.random.Intn(4)
	if depth > 5 {
		count = 0
	}
	typ := value.Type()
	switch typ.Kind() {
	case reflect.Bool:
		value.SetBool(m.one(2))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number := m.bits()
		value.SetInt(int64(number) << (64 - typ.Bits()) >> (64 - typ.Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		value.SetUint(m.bits() << (64 - typ.Bits()) >> (64 - typ.Bits()))
	case reflect.Float32, reflect.Float64:
		value.SetFloat(m.float())
	case reflect.Complex64, reflect.Complex128:
		value.SetComplex(complex(m.float(), m.float()))
	case reflect.String:
		value.SetString(string(m.bytes()))
	case reflect.Pointer:
		value.Set(reflect.New(typ.Elem()))
		m.fill(value.Elem(), depth+1)
	case reflect.Struct:
		m.fillStruct(value, depth)
	case reflect.Slice:
		if count > 0 || m.one(2) {
			value.Set(reflect.MakeSlice(typ, count, count))
		}
		for i := 0; i < value.Len(); i++ {
			m.fill(value.Index(i), depth+1)
		}
	case reflect.Array:
		for i := 0; i < value.Len(); i++ {
			m.fill(value.Index(i), depth+1)
		}
	case reflect.Map:
		if count > 0 || m.one(2) {
			value.Set(reflect.MakeMap(typ))
		}
		for i := 0; i < count; i++ {
			value.SetMapIndex(m.value(typ.Key(), depth+1), m.value(typ.Elem(), depth+1))
		}
	case reflect.Interface:
		if count > 0 {
			value.Set(m.value(m.held[m.random.Intn(len(m.held))], depth+1))
		}
	}
}

func (m *maker) fillStruct(value reflect.Value, depth int) {
	for i := 0; i < value.NumField(); i++ {
		field := value.Field(i)
		if !travels(value.Type().Field(i)) {
			continue
		}
		// Structs and arrays are sent in any case, and arrays with pointers that
		// are nil cannot be.
		always := field.Kind() == reflect.Struct || field.Kind() == reflect.Array
		if m.one(4) && !always {
			continue
		}
		if depth > 5 && field.Kind() == reflect.Pointer {
			continue
		}
		m.fill(field, depth+1)
	}
}

// special fills types whose values must be right.
func (m *maker) special(value reflect.Value) bool {
	switch pointer := value.Addr().Interface().(type) {
	case *time.Time:
		*pointer = time.Unix(int64(m.bits())>>20, int64(m.random.Intn(1e9))).UTC()
		if m.one(2) {
			*pointer = pointer.In(time.FixedZone("", 60*(m.random.Intn(1000)+1)))
		}
	case **big.Int:
		*pointer = new(big.Int).SetBytes(m.bytes())
		if m.one(2) {
			(*pointer).Neg(*pointer)
		}
	case **big.Rat:
		*pointer = big.NewRat(int64(m.bits()), int64(m.random.Intn(1000)+1))
	case **big.Float:
		*pointer = big.NewFloat(float64(int64(m.bits())) / 7)
	case **url.URL:
		*pointer = &url.URL{Scheme: "https", Host: "example.org", Path: fmt.Sprint("/", m.bits())}
	case *net.IP:
		*pointer = net.IPv4(10, 0, byte(m.bits()), 1)
	case *netip.Addr:
		*pointer = netip.AddrFrom4([4]byte{10, byte(m.bits())})
	default:
		return false
	}
	return true
}

// bits are those of a number: mostly small, or next to a power of 2.
func (m *maker) bits() uint64 {
	switch m.random.Intn(4) {
	case 0:
		return 0
	case 1:
		return uint64(m.random.Intn(300))
	case 2:
		return uint64(1)<<m.random.Intn(64) - uint64(m.random.Intn(2))
	default:
		return m.random.Uint64()
	}
}

func (m *maker) float() float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1.5, 0.1, 1e21, 1e-7, 123456789, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32}
	if m.one(3) {
		return math.Float64frombits(m.random.Uint64())
	}
	return special[m.random.Intn(len(special))]
}

func (m *maker) bytes() []byte {
	length := m.random.Intn(12)
	if m.one(50) {
		length = 300
	}
	bytes := make([]byte, length)
	for i := range bytes {
		bytes[i] = byte(m.random.Intn(256))
		if m.one(2) {
			bytes[i] = "gopher\n\"\\"[m.random.Intn(9)]
		}
	}
	return bytes
}
