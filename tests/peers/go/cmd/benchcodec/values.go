package main

import (
	"fmt"
	"log"
)

// The same values as in tests/benches/src/codec/shapes.rs.

type Point struct{ X, Y int64 }

type Place struct {
	Street, City string
	Zip          int64
}

type Mixed struct {
	Number  uint64
	Name    string
	Email   string
	Age     int64
	Score   float64
	Active  bool
	Tags    []string
	Data    []byte
	Created int64
	Place   Place
	Counts  []int64
	Note    *string
}

type Node struct {
	Value       int64
	Left, Right *Node
}

type seeded uint64

func (s *seeded) below(bound uint64) uint64 {
	*s = *s*6364136223846793005 + 1442695040888963407
	return (uint64(*s) >> 33) % bound
}

func (s *seeded) text(length uint64) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = 'a' + byte(s.below(26))
	}
	return string(text)
}

func mixed(s *seeded) Mixed {
	var m Mixed
	m.Number = s.below(1 << 30)
	m.Name = s.text(12)
	m.Email = s.text(20)
	m.Age = int64(s.below(100))
	m.Score = float64(s.below(1_000_000)) / 7
	m.Active = true
	for i := 0; i < 3; i++ {
		m.Tags = append(m.Tags, s.text(6))
	}
	m.Data = []byte(s.text(16))
	m.Created = 1_700_000_000_000 + int64(s.below(1<<30))
	m.Place = Place{Street: s.text(15), City: s.text(8), Zip: int64(s.below(100_000))}
	for i := 0; i < 4; i++ {
		m.Counts = append(m.Counts, int64(s.below(1000))-500)
	}
	note := s.text(10)
	m.Note = &note
	return m
}

func node(s *seeded, depth int) *Node {
	n := &Node{Value: int64(s.below(1<<20)) + 1}
	if depth > 1 {
		n.Left = node(s, depth-1)
		n.Right = node(s, depth-1)
	}
	return n
}

// valueOf gives a pointer to the value of a workload.
func valueOf(workload string) any {
	s := seeded(42)
	switch workload {
	case "tiny":
		return &Point{22, -33}
	case "mixed":
		m := mixed(&s)
		return &m
	case "mixed-1000":
		list := make([]Mixed, 1000)
		for i := range list {
			list[i] = mixed(&s)
		}
		return &list
	case "map-1000":
		m := make(map[string]int64)
		for i := 0; i < 1000; i++ {
			key := fmt.Sprintf("%s%04d", s.text(8), i)
			m[key] = int64(s.below(1 << 30))
		}
		return &m
	case "floats-10000":
		list := make([]float64, 10_000)
		for i := range list {
			list[i] = float64(s.below(1<<30)) / 3
		}
		return &list
	case "bytes-1M":
		list := make([]byte, 1<<20)
		for i := range list {
			list[i] = byte(s.below(256))
		}
		return &list
	case "strings-1000":
		list := make([]string, 1000)
		for i := range list {
			length := 10 + s.below(20)
			list[i] = s.text(length)
		}
		return &list
	case "tree-4095":
		return node(&s, 12)
	}
	log.Fatalf("there is no workload %q", workload)
	return nil
}
