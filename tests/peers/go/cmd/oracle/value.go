package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// top is a value at the top or in an interface: those that are no structs have a 0
// before them.
func (r *reader) top(id int64) string {
	if t := r.get(id); t == nil || t.kind != "struct" {
		if r.uint() != 0 {
			panic("a singleton without its 0")
		}
	}
	return r.value(id)
}

// value is a value as JSON.
func (r *reader) value(id int64) string {
	switch id {
	case boolID:
		return strconv.FormatBool(r.uint() != 0)
	case intID:
		return strconv.FormatInt(r.int(), 10)
	case uintID:
		return strconv.FormatUint(r.uint(), 10)
	case floatID:
		return number(r.float())
	case bytesID:
		return `{"$bytes":` + base(r.bytes()) + "}"
	case stringID:
		return quote(r.bytes())
	case complexID:
		re := r.float()
		return `{"re":` + number(re) + `,"im":` + number(r.float()) + "}"
	case interfaceID:
		name := r.bytes()
		if len(name) == 0 {
			return "null"
		}
		concrete, _ := r.typeID(true)
		r.uint() // the length of the value
		return `{"$type":` + quote(name) + `,"value":` + r.top(concrete) + "}"
	}
	t := r.get(id)
	switch t.kind {
	case "struct":
		sent := map[int]string{}
		r.fieldsOf(func(place int) {
			if place >= len(t.fields) {
				panic("a field that the struct does not have")
			}
			sent[place] = r.value(t.fields[place].id)
		})
		return r.object(t, sent)
	case "slice", "array":
		n := r.uint()
		if t.kind == "array" && n != uint64(t.length) {
			panic("an array of another length")
		}
		var parts []string
		for ; n > 0; n-- {
			parts = append(parts, r.value(t.elem))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case "map":
		type entry struct{ key, value string }
		var entries []entry
		for n := r.uint(); n > 0; n-- {
			key := r.value(t.key)
			entries = append(entries, entry{key, r.value(t.elem)})
		}
		sort.Slice(entries, func(i, j int) bool {
			a, b := entries[i], entries[j]
			if a.key != b.key {
				return a.key < b.key
			}
			return a.value < b.value
		})
		var parts []string
		for _, e := range entries {
			parts = append(parts, "["+e.key+","+e.value+"]")
		}
		return `{"$map":[` + strings.Join(parts, ",") + "]}"
	default:
		return `{"$opaque":` + base(r.bytes()) + `,"type":` + quote([]byte(t.name)) + "}"
	}
}

// object is a struct with the fields that were sent, and the zeros of all others.
func (r *reader) object(t *wireType, sent map[int]string) string {
	var parts []string
	for place, f := range t.fields {
		text, ok := sent[place]
		if !ok {
			text = r.zero(f.id)
		}
		parts = append(parts, quote([]byte(f.name))+":"+text)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// zero is what a field prints as that was not sent.
func (r *reader) zero(id int64) string {
	switch id {
	case boolID:
		return "false"
	case intID, uintID, floatID:
		return "0"
	case bytesID:
		return `{"$bytes":""}`
	case stringID:
		return `""`
	case complexID:
		return `{"re":0,"im":0}`
	case interfaceID:
		return "null"
	}
	t := r.get(id)
	switch t.kind {
	case "slice":
		return "[]"
	case "map":
		return `{"$map":[]}`
	case "struct":
		if r.cyclic(t) {
			return "null"
		}
		return r.object(t, nil)
	case "array":
		if r.cyclic(t) {
			return "null"
		}
		var parts []string
		for n := t.length; n > 0; n-- {
			parts = append(parts, r.zero(t.elem))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return `{"$opaque":"","type":` + quote([]byte(t.name)) + "}"
}

// cyclic tells whether a type can be reached from itself by fields of structs and
// elements of arrays that have any.
func (r *reader) cyclic(t *wireType) bool {
	if t.cyclic == nil {
		seen := map[*wireType]bool{}
		todo := r.held(t)
		for len(todo) > 0 {
			last := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !seen[last] {
				seen[last] = true
				todo = append(todo, r.held(last)...)
			}
		}
		found := seen[t]
		t.cyclic = &found
	}
	return *t.cyclic
}

func (r *reader) held(t *wireType) (held []*wireType) {
	var ids []int64
	switch {
	case t.kind == "struct":
		for _, f := range t.fields {
			ids = append(ids, f.id)
		}
	case t.kind == "array" && t.length > 0:
		ids = append(ids, t.elem)
	}
	for _, id := range ids {
		if t := r.get(id); t != nil {
			held = append(held, t)
		}
	}
	return held
}

func base(b []byte) string {
	return `"` + base64.StdEncoding.EncodeToString(b) + `"`
}

// number is a float, laid out as encoding/json and ECMAScript do.
func number(f float64) string {
	switch abs := math.Abs(f); {
	case math.IsNaN(f):
		return `"NaN"`
	case math.IsInf(f, 1):
		return `"+Inf"`
	case math.IsInf(f, -1):
		return `"-Inf"`
	case f == 0 && math.Signbit(f):
		return "-0"
	case abs == 0 || 1e-6 <= abs && abs < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return digits + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// quote is a string of JSON, with one \ufffd for each byte that is no UTF-8.
func quote(b []byte) string {
	text := []byte{'"'}
	short := map[rune]string{
		'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
	}
	for len(b) > 0 {
		c, size := utf8.DecodeRune(b)
		escape, ok := short[c]
		switch {
		case c == utf8.RuneError && size == 1:
			text = append(text, `\ufffd`...)
		case ok:
			text = append(text, escape...)
		case c < 0x20 || c == 0x2028 || c == 0x2029:
			text = append(text, fmt.Sprintf(`\u%04x`, c)...)
		default:
			text = append(text, b[:size]...)
		}
		b = b[size:]
	}
	return string(append(text, '"'))
}
