package main

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
)

// reader reads a stream; it panics with what is wrong with it.
type reader struct {
	stream  []byte // behind the message
	buf     []byte // of the message
	defined map[int64]*wireType
	types   *bytes.Buffer
	// A definition came and no value since.
	waiting bool
}

// wireType is a type definition.
type wireType struct {
	kind   string
	name   string
	common int64
	fields []field
	key    int64
	elem   int64
	length int64
	cyclic *bool
}

type field struct {
	name string
	id   int64
}

// The types that every stream has.
const (
	boolID = iota + 1
	intID
	uintID
	floatID
	bytesID
	stringID
	complexID
	interfaceID
)

func (r *reader) byte() byte {
	if len(r.buf) == 0 {
		panic("a message ends early")
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.buf)) {
		panic("a length beyond the message")
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

// uint: one byte below 128, or the negated number of bytes that follow.
func (r *reader) uint() uint64 {
	b := r.byte()
	if b < 128 {
		return uint64(b)
	}
	n := -int(int8(b))
	if n > 8 {
		panic("a number of more than 8 bytes")
	}
	var x uint64
	for ; n > 0; n-- {
		x = x<<8 | uint64(r.byte())
	}
	return x
}

// int: the sign is the lowest bit, which stands for complement.
func (r *reader) int() int64 {
	x := r.uint()
	if x&1 != 0 {
		return ^int64(x >> 1)
	}
	return int64(x >> 1)
}

func (r *reader) float() float64 {
	return math.Float64frombits(bits.ReverseBytes64(r.uint()))
}

// message begins the next message.
func (r *reader) message() {
	r.buf = r.stream
	n := r.uint()
	if n == 0 {
		panic("an empty message")
	}
	if n > uint64(len(r.buf)) {
		panic("the stream ends inside of a message")
	}
	r.stream = r.buf[n:]
	r.buf = r.buf[:n]
}

// typeID reads the number at the start of a message or of an interface's value, and
// the definitions before it (encoding/gob's decodeTypeSequence).
func (r *reader) typeID(inInterface bool) (id int64, isValue bool) {
	for {
		if len(r.buf) == 0 {
			if !inInterface {
				return 0, false
			}
			r.message()
		}
		id := r.int()
		if id >= 0 {
			if !inInterface {
				r.waiting = false
			}
			return id, true
		}
		r.define(-id)
		if !inInterface {
			r.waiting = true
		}
		if len(r.buf) > 0 {
			if !inInterface {
				panic("bytes behind a definition")
			}
			r.uint() // the count of what follows
		}
	}
}

// fieldsOf calls read with the place of each field of a struct.
func (r *reader) fieldsOf(read func(place int)) {
	place := -1
	for {
		delta := r.uint()
		if delta == 0 {
			return
		}
		place += int(delta)
		read(place)
	}
}

// define reads the definition of a type: a struct WireType.
func (r *reader) define(id int64) {
	if id < 64 || r.defined[id] != nil {
		panic(fmt.Sprintf("a second definition of type %d", id))
	}
	t := &wireType{}
	kinds := []string{"array", "slice", "struct", "map", "gobencoder", "binarymarshaler", "textmarshaler"}
	r.fieldsOf(func(place int) {
		t.kind = kinds[place]
		r.fieldsOf(func(place int) {
			if place == 0 {
				r.fieldsOf(func(place int) {
					if place == 0 {
						t.name = string(r.bytes())
					} else {
						t.common = r.int()
					}
				})
				return
			}
			switch t.kind + fmt.Sprint(place) {
			case "array1", "slice1", "map2":
				t.elem = r.int()
			case "array2":
				t.length = r.int()
			case "map1":
				t.key = r.int()
			case "struct1":
				for n := r.uint(); n > 0; n-- {
					var f field
					r.fieldsOf(func(place int) {
						if place == 0 {
							f.name = string(r.bytes())
						} else {
							f.id = r.int()
						}
					})
					t.fields = append(t.fields, f)
				}
			default:
				panic("a definition with a field that is none")
			}
		})
	})
	r.defined[id] = t
	r.types.WriteString(t.line(id))
}

// line is the line of .types.
func (t *wireType) line(id int64) string {
	line := fmt.Sprintf(`{"id":%d,"common_id":%d,"kind":"%s","name":%s`, id, t.common, t.kind, quote([]byte(t.name)))
	switch t.kind {
	case "struct":
		line += `,"fields":[`
		for i, f := range t.fields {
			if i > 0 {
				line += ","
			}
			line += fmt.Sprintf(`{"name":%s,"id":%d}`, quote([]byte(f.name)), f.id)
		}
		line += "]"
	case "slice":
		line += fmt.Sprintf(`,"elem":%d`, t.elem)
	case "array":
		line += fmt.Sprintf(`,"elem":%d,"len":%d`, t.elem, t.length)
	case "map":
		line += fmt.Sprintf(`,"key":%d,"elem":%d`, t.key, t.elem)
	}
	return line + "}\n"
}

// get is a type with parts; nil for the predeclared ones.
func (r *reader) get(id int64) *wireType {
	if boolID <= id && id <= interfaceID {
		return nil
	}
	t := r.defined[id]
	if t == nil {
		panic(fmt.Sprintf("type %d is not defined", id))
	}
	return t
}
