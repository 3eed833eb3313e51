package main

import "math/bits"

// wire reads the numbers and definitions of a stream, and panics where that is not
// possible: then the real decoder is to say what is wrong.
type wire struct {
	rest []byte
}

func (w *wire) byte() byte {
	first := w.rest[0]
	w.rest = w.rest[1:]
	return first
}

func (w *wire) uint() uint64 {
	first := w.byte()
	if first < 0x80 {
		return uint64(first)
	}
	var number uint64
	for i := int(first); i < 256; i++ {
		number = number<<8 | uint64(w.byte())
	}
	return number
}

func (w *wire) int() int64 {
	number := w.uint()
	return int64(bits.RotateLeft64(number&^1, -1)) ^ -int64(number&1)
}

func (w *wire) string() string {
	length := w.uint()
	text := w.rest[:length]
	w.rest = w.rest[length:]
	return string(text)
}

type kind int

const (
	kindNone kind = iota
	kindArray
	kindSlice
	kindStruct
	kindMap
	kindGob
	kindBinary
	kindText
)

// definition is a wireType.
type definition struct {
	kind      kind
	key, elem int64
	length    int64
	fields    []field
}

type field struct {
	name string
	id   int64
}

// fieldsOf reads a struct and calls each with the number of each field.
func (w *wire) fieldsOf(each func(number uint64)) {
	number := uint64(0)
	for {
		delta := w.uint()
		if delta == 0 {
			return
		}
		number += delta
		each(number)
	}
}

func (w *wire) definition() *definition {
	d := &definition{}
	w.fieldsOf(func(number uint64) {
		if d.kind != kindNone {
			panic(unbuildable("two kinds"))
		}
		d.kind = kind(number)
		w.fieldsOf(func(number uint64) {
			switch {
			case number == 1:
				w.common()
			case number == 2 && d.kind == kindStruct:
				for n := w.uint(); n > 0; n-- {
					d.fields = append(d.fields, w.field())
				}
			case number == 2 && d.kind == kindMap:
				d.key = w.int()
			case number == 2:
				d.elem = w.int()
			case number == 3 && d.kind == kindMap:
				d.elem = w.int()
			case number == 3 && d.kind == kindArray:
				d.length = w.int()
			default:
				panic(unbuildable("an unknown field"))
			}
		})
	})
	return d
}

func (w *wire) common() {
	w.fieldsOf(func(number uint64) {
		if number == 1 {
			_ = w.string()
		} else {
			_ = w.int()
		}
	})
}

func (w *wire) field() field {
	var f field
	w.fieldsOf(func(number uint64) {
		if number == 1 {
			f.name = w.string()
		} else {
			f.id = w.int()
		}
	})
	return f
}
