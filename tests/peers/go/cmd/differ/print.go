package main

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"unicode/utf8"
)

// printValue prints a value as a peer does that knows only the stream: what gob
// does not send is zero, and names of types do not show.
func printValue(value reflect.Value) []byte {
	var out bytes.Buffer
	printInto(&out, value, false)
	return out.Bytes()
}

var (
	gobEncoder      = typeFor[gob.GobEncoder]()
	binaryMarshaler = typeFor[encoding.BinaryMarshaler]()
)

// encodesItself says whether gob leaves the encoding of a type to the type, and
// whether it leaves its zeros out (`encode.go`, `gobEncodeOpFor`).
func encodesItself(typ reflect.Type) (itself, omitsZero bool) {
	for _, method := range []reflect.Type{gobEncoder, binaryMarshaler} {
		if typ.Implements(method) {
			return true, true
		}
		if reflect.PointerTo(typ).Implements(method) {
			return true, false
		}
	}
	return false, false
}

// printInto prints; as the field of a struct, whose zeros are not sent, or not.
func printInto(out *bytes.Buffer, value reflect.Value, field bool) {
	typ := value.Type()
	if typ.Kind() == reflect.Pointer {
		if value.IsNil() {
			printZero(out, typ)
			return
		}
		elem := value.Elem()
		// A pointer to a zero that encodes itself is sent.
		itself, _ := encodesItself(elem.Type())
		printInto(out, elem, field && !itself)
		return
	}
	if itself, omitsZero := encodesItself(typ); itself {
		printOpaque(out, value, field && omitsZero)
		return
	}
	switch typ.Kind() {
	case reflect.Bool:
		fmt.Fprint(out, value.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		fmt.Fprint(out, value.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		fmt.Fprint(out, value.Uint())
	case reflect.Float32, reflect.Float64:
		printFloat(out, value.Float(), field)
	case reflect.Complex64, reflect.Complex128:
		number := value.Complex()
		zero := field && number == 0
		out.WriteString(`{"re":`)
		printFloat(out, real(number), zero)
		out.WriteString(`,"im":`)
		printFloat(out, imag(number), zero)
		out.WriteByte('}')
	case reflect.String:
		printString(out, value.String())
	case reflect.Interface:
		printInterface(out, value)
	case reflect.Struct:
		printStruct(out, value)
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			fmt.Fprintf(out, `{"$bytes":"%s"}`, base64.StdEncoding.EncodeToString(value.Bytes()))
			return
		}
		printList(out, value)
	case reflect.Array:
		printList(out, value)
	case reflect.Map:
		printMap(out, value)
	default:
		panic(fmt.Sprintf("%v does not travel", typ))
	}
}

func printOpaque(out *bytes.Buffer, value reflect.Value, omitsZero bool) {
	var payload []byte
	var err error
	absent := omitsZero && value.IsZero()
	pointer := reflect.New(value.Type())
	pointer.Elem().Set(value)
	switch opaque := pointer.Interface().(type) {
	case *gobPayload:
		payload = []byte(opaque.Payload)
	case *binaryPayload:
		payload = []byte(opaque.Payload)
	case gob.GobEncoder:
		if !absent {
			payload, err = opaque.GobEncode()
		}
	case encoding.BinaryMarshaler:
		if !absent {
			payload, err = opaque.MarshalBinary()
		}
	}
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(out, `{"$opaque":"%s"}`, base64.StdEncoding.EncodeToString(payload))
}

// printFloat prints as encoding/json does, which has no word for some.
func printFloat(out *bytes.Buffer, number float64, omitsZero bool) {
	switch {
	case math.IsNaN(number):
		out.WriteString(`"NaN"`)
	case math.IsInf(number, 1):
		out.WriteString(`"+Inf"`)
	case math.IsInf(number, -1):
		out.WriteString(`"-Inf"`)
	case number == 0 && !omitsZero && math.Signbit(number):
		out.WriteString("-0")
	case number == 0:
		out.WriteByte('0')
	default:
		text, err := json.Marshal(number)
		if err != nil {
			panic(err)
		}
		out.Write(text)
	}
}

func printString(out *bytes.Buffer, text string) {
	out.WriteByte('"')
	for len(text) > 0 {
		char, size := utf8.DecodeRuneInString(text)
		switch {
		case char == utf8.RuneError && size == 1:
			out.WriteString(`\ufffd`)
		case char == '"' || char == '\\':
			out.WriteByte('\\')
			out.WriteRune(char)
		case char == '\b':
			out.WriteString(`\b`)
		case char == '\f':
			out.WriteString(`\f`)
		case char == '\n':
			out.WriteString(`\n`)
		case char == '\r':
			out.WriteString(`\r`)
		case char == '\t':
			out.WriteString(`\t`)
		case char < 0x20 || char == 0x2028 || char == 0x2029:
			fmt.Fprintf(out, `\u%04x`, char)
		default:
			out.WriteString(text[:size])
		}
		text = text[size:]
	}
	out.WriteByte('"')
}

// travels says whether gob sends a field (`type.go`, `isSent`).
func travels(field reflect.StructField) bool {
	typ := field.Type
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return field.IsExported() && typ.Kind() != reflect.Chan && typ.Kind() != reflect.Func
}

func printStruct(out *bytes.Buffer, value reflect.Value) {
	out.WriteByte('{')
	first := true
	for i := 0; i < value.NumField(); i++ {
		field := value.Type().Field(i)
		if !travels(field) {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		printString(out, field.Name)
		out.WriteByte(':')
		printInto(out, value.Field(i), true)
	}
	out.WriteByte('}')
}

func printList(out *bytes.Buffer, value reflect.Value) {
	out.WriteByte('[')
	for i := 0; i < value.Len(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		printInto(out, value.Index(i), false)
	}
	out.WriteByte(']')
}

func printMap(out *bytes.Buffer, value reflect.Value) {
	var entries []string
	for iter := value.MapRange(); iter.Next(); {
		var key, elem bytes.Buffer
		printInto(&key, iter.Key(), false)
		printInto(&elem, iter.Value(), false)
		// Sorted by the key's text, then the value's: U+0000 is in neither.
		entries = append(entries, key.String()+"\x00"+elem.String())
	}
	sort.Strings(entries)
	out.WriteString(`{"$map":[`)
	for i, entry := range entries {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "[%s]", bytes.Replace([]byte(entry), []byte{0}, []byte{','}, 1))
	}
	out.WriteString("]}")
}

func printInterface(out *bytes.Buffer, value reflect.Value) {
	if value.IsNil() {
		out.WriteString("null")
		return
	}
	out.WriteString(`{"$type":`)
	printString(out, nameOf(value.Elem().Type()))
	out.WriteString(`,"value":`)
	printInto(out, value.Elem(), false)
	out.WriteByte('}')
}

// printZero prints what a nil pointer to a type looks like: the zero that stands
// for a field which was not sent.
func printZero(out *bytes.Buffer, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if itself, _ := encodesItself(typ); itself {
		out.WriteString(`{"$opaque":""}`)
		return
	}
	switch typ.Kind() {
	case reflect.Struct, reflect.Array:
		if cyclic(typ, typ, map[reflect.Type]bool{}) {
			out.WriteString("null")
			return
		}
	}
	switch typ.Kind() {
	case reflect.Struct:
		printZeroStruct(out, typ)
	case reflect.Array:
		out.WriteByte('[')
		for i := 0; i < typ.Len(); i++ {
			if i > 0 {
				out.WriteByte(',')
			}
			printZero(out, typ.Elem())
		}
		out.WriteByte(']')
	default:
		printInto(out, reflect.Zero(typ), true)
	}
}

// printZeroStruct prints a struct that was not sent, so that none of its fields
// was either.
func printZeroStruct(out *bytes.Buffer, typ reflect.Type) {
	out.WriteByte('{')
	first := true
	for i := 0; i < typ.NumField(); i++ {
		field := typ.Field(i)
		if !travels(field) {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		printString(out, field.Name)
		out.WriteByte(':')
		printZero(out, field.Type)
	}
	out.WriteByte('}')
}

// cyclic says whether a type is reached from itself by fields and by elements of
// arrays.
func cyclic(root, typ reflect.Type, seen map[reflect.Type]bool) bool {
	var parts []reflect.Type
	switch typ.Kind() {
	case reflect.Struct:
		for i := 0; i < typ.NumField(); i++ {
			if field := typ.Field(i); travels(field) {
				parts = append(parts, field.Type)
			}
		}
	case reflect.Array:
		if typ.Len() > 0 {
			parts = append(parts, typ.Elem())
		}
	}
	for _, part := range parts {
		for part.Kind() == reflect.Pointer {
			part = part.Elem()
		}
		if itself, _ := encodesItself(part); itself {
			continue
		}
		if part == root {
			return true
		}
		if !seen[part] {
			seen[part] = true
			if cyclic(root, part, seen) {
				return true
			}
		}
	}
	return false
}
