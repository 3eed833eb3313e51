package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"unicode"
	"unicode/utf8"
)

// Skipped is the line of a value that Go can only skip, as reflection cannot build
// its type.
const skipped = "?"

// judge decodes all values of a stream, each into a type built from the stream's
// definitions, up to the first that fails; or to the end, without those that fail.
func judge(stream []byte, all bool) (lines [][]byte, err error) {
	reader := bytes.NewReader(stream)
	decoder := gob.NewDecoder(reader)
	types := builder{defined: map[int64]*definition{}, built: map[int64]reflect.Type{}}
	for {
		if reader.Len() == 0 {
			// Elsewhere gob says io.EOF of streams that are wrong, too.
			return lines, err
		}
		// The decoder reads byte by byte from this reader, and no further than
		// to the end of the value.
		left := reader.Len()
		typ, ok := types.next(stream[len(stream)-left:])
		var pointer reflect.Value
		if ok {
			pointer = reflect.New(typ)
		}
		if err = decode(decoder, pointer); err != nil {
			if all && reader.Len() < left {
				continue
			}
			return lines, err
		}
		if ok {
			lines = append(lines, printValue(pointer.Elem()))
		} else {
			lines = append(lines, []byte(skipped))
		}
	}
}

// builder builds Go types from wire types.
type builder struct {
	defined map[int64]*definition
	built   map[int64]reflect.Type
}

// next reads definitions up to a value, and builds its type; false if it cannot.
func (b *builder) next(stream []byte) (typ reflect.Type, ok bool) {
	defer func() {
		// reflect.StructOf and its kin say no by panics.
		if recover() != nil {
			typ, ok = nil, false
		}
	}()
	for {
		message := wire{stream}
		length := message.uint()
		if length > uint64(len(message.rest)) {
			return nil, false
		}
		body := wire{message.rest[:length]}
		stream = message.rest[length:]
		id := body.int()
		if id >= 0 {
			return b.typeOf(int64(int32(id)), 0), true
		}
		b.define(int64(int32(-id)), &body)
	}
}

func (b *builder) define(id int64, body *wire) {
	if b.defined[id] == nil {
		b.defined[id] = body.definition()
	}
}

// unbuildable is the panic for a type that reflection cannot build.
type unbuildable string

var basic = map[int64]reflect.Type{
	1: typeFor[bool](),
	2: typeFor[int64](),
	3: typeFor[uint64](),
	4: typeFor[float64](),
	5: typeFor[[]byte](),
	6: typeFor[string](),
	7: typeFor[complex128](),
	8: typeFor[any](),
	// What definitions are made of, which every stream has.
	16: typeFor[wireType](),
	17: typeFor[arrayType](),
	18: typeFor[commonType](),
	19: typeFor[sliceType](),
	20: typeFor[structType](),
	21: typeFor[fieldType](),
	22: typeFor[[]fieldType](),
	23: typeFor[mapType](),
	24: typeFor[opaqueType](),
}

type (
	commonType struct {
		Name string
		Id   int
	}
	arrayType struct {
		CommonType commonType
		Elem, Len  int
	}
	sliceType struct {
		CommonType commonType
		Elem       int
	}
	structType struct {
		CommonType commonType
		Field      []fieldType
	}
	fieldType struct {
		Name string
		Id   int
	}
	mapType struct {
		CommonType commonType
		Key, Elem  int
	}
	opaqueType struct{ CommonType commonType }
	wireType   struct {
		ArrayT                                        arrayType
		SliceT                                        sliceType
		StructT                                       structType
		MapT                                          mapType
		GobEncoderT, BinaryMarshalerT, TextMarshalerT opaqueType
	}
)

func (b *builder) typeOf(id int64, depth int) reflect.Type {
	if typ := basic[id]; typ != nil {
		return typ
	}
	if typ := b.built[id]; typ != nil {
		return typ
	}
	definition := b.defined[id]
	if definition == nil || depth > 100 {
		panic(unbuildable("undefined or recursive"))
	}
	typ := b.build(id, definition, depth+1)
	b.built[id] = typ
	return typ
}

func (b *builder) build(id int64, definition *definition, depth int) reflect.Type {
	switch definition.kind {
	case kindArray:
		if definition.length > 1<<10 {
			panic(unbuildable("a long array"))
		}
		return reflect.ArrayOf(int(definition.length), b.typeOf(definition.elem, depth))
	case kindSlice:
		return reflect.SliceOf(b.typeOf(definition.elem, depth))
	case kindMap:
		key := b.typeOf(definition.key, depth)
		if hasInterface(key) {
			panic(unbuildable("keys that may have no hash"))
		}
		return reflect.MapOf(key, b.typeOf(definition.elem, depth))
	case kindGob:
		return typeFor[gobPayload]()
	case kindBinary:
		return typeFor[binaryPayload]()
	case kindStruct:
		var fields []reflect.StructField
		for _, field := range definition.fields {
			first, _ := utf8.DecodeRuneInString(field.name)
			if !unicode.IsUpper(first) {
				panic(unbuildable("a field that is not exported"))
			}
			fields = append(fields, reflect.StructField{
				Name: field.name,
				Type: b.typeOf(field.id, depth),
				// Go takes one type for one id (`decode.go`, `compatibleType`).
				Tag: reflect.StructTag(fmt.Sprintf(`id:"%d"`, id)),
			})
		}
		return reflect.StructOf(fields)
	}
	panic(unbuildable("no kind"))
}

func hasInterface(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Interface:
		return true
	case reflect.Array:
		return hasInterface(typ.Elem())
	case reflect.Struct:
		for i := 0; i < typ.NumField(); i++ {
			if hasInterface(typ.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// gobPayload takes what a GobEncoder wrote.
type gobPayload struct {
	Payload string
	sent    bool
}

// GobEncode implements gob.GobEncoder.
func (p gobPayload) GobEncode() ([]byte, error) { return []byte(p.Payload), nil }

// GobDecode implements gob.GobDecoder.
func (p *gobPayload) GobDecode(payload []byte) error {
	p.Payload, p.sent = string(payload), true
	return nil
}

// binaryPayload takes what a BinaryMarshaler wrote.
type binaryPayload struct {
	Payload string
	sent    bool
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (p binaryPayload) MarshalBinary() ([]byte, error) { return []byte(p.Payload), nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (p *binaryPayload) UnmarshalBinary(payload []byte) error {
	p.Payload, p.sent = string(payload), true
	return nil
}
