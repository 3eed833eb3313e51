package main

import (
	"bytes"
	"encoding/gob"
)

// Settings has a field for each way in which Go decodes into what is there.
type Settings struct {
	Name   string
	Port   int64
	Long   []Inner
	Short  []Inner
	Zones  map[string]Inner
	Next   *Inner
	Missed *Inner
	Pair   [2]Inner
	Bytes  []byte
	Nested Outer
}

func mergeSamples() []sample {
	return []sample{{
		name: "merge",
		note: "two Settings, and what Go makes of the second when it decodes it into the first",
		keys: []string{"zone-one", "zone-one", "zone-two", "zone-one", "zone-two"},
		values: func() []any {
			first, second := Settings{
				Name: "first", Port: 1,
				Long:   []Inner{{"a", 1}, {"b", 2}, {"c", 3}},
				Short:  []Inner{{"d", 4}},
				Zones:  map[string]Inner{"zone-one": {"e", 5}},
				Next:   &Inner{"f", 6},
				Missed: nil,
				Pair:   [2]Inner{{"g", 7}, {"h", 8}},
				Bytes:  []byte("before"),
				Nested: Outer{1, Inner{"i", 9}, Inner{"j", 10}},
			}, Settings{
				Port:   2,
				Long:   []Inner{{"", 20}, {"x", 0}},
				Short:  []Inner{{"", 30}, {"y", 0}},
				Zones:  map[string]Inner{"zone-one": {"", 40}, "zone-two": {"z", 0}},
				Next:   &Inner{"", 50},
				Missed: &Inner{"w", 0},
				Pair:   [2]Inner{{"", 60}, {"v", 0}},
				Bytes:  []byte("now"),
				Nested: Outer{0, Inner{"", 70}, Inner{"u", 0}},
			}
			var stream bytes.Buffer
			encoder, decoder := gob.NewEncoder(&stream), gob.NewDecoder(&stream)
			var merged Settings
			for _, value := range []Settings{first, second} {
				if err := encoder.Encode(value); err != nil {
					panic(err)
				}
				if err := decoder.Decode(&merged); err != nil {
					panic(err)
				}
			}
			return []any{first, second, merged}
		},
	}}
}
