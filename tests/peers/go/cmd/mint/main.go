// Command mint writes the gob stream of one named case to stdout. Run it
// once a case: Go numbers types process-wide, in order of first use.
package main

import (
	"bytes"
	"encoding/gob"
	"flag"
	"fmt"
	"log"
	"os"
)

// sample is one case: the values that one Encoder sends, in order.
type sample struct {
	name, note string
	values     func() []any
	// keys must appear in the stream in this order: the mint tries again
	// until Go's random map order does so.
	keys []string
	// raw, if set, makes the whole stream instead.
	raw func() ([]byte, error)
}

// these makes a sample of fixed values.
func these(name, note string, values ...any) sample {
	return sample{name: name, note: note, values: func() []any { return values }}
}

func samples() []sample {
	var all []sample
	for _, family := range [][]sample{
		scalarSamples(), structSamples(), containerSamples(), pointerSamples(), recursiveSamples(),
		sequenceSamples(), mergeSamples(), interfaceSamples(), marshalerSamples(), goTypeSamples(), rpcSamples(),
	} {
		all = append(all, family...)
	}
	return all
}

func main() {
	list := flag.Bool("list", false, "print every case's name, a tab and its description")
	server := flag.Bool("rpc-server", false, "serve net/rpc on stdin and stdout")
	flag.Parse()
	log.SetFlags(0)
	switch {
	case *server:
		serveStdio()
	case *list:
		for _, s := range samples() {
			fmt.Printf("%s\t%s\n", s.name, s.note)
		}
	default:
		if err := mint(flag.Arg(0)); err != nil {
			log.Fatalf("mint %s: %v", flag.Arg(0), err)
		}
	}
}

func mint(name string) error {
	for _, s := range samples() {
		if s.name != name {
			continue
		}
		stream, err := s.stream()
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(stream)
		return err
	}
	return fmt.Errorf("no such case")
}

func (s sample) stream() ([]byte, error) {
	if s.raw != nil {
		return s.raw()
	}
	for try := 0; try < 100000; try++ {
		var out bytes.Buffer
		encoder := gob.NewEncoder(&out)
		for _, value := range s.values() {
			if err := encoder.Encode(value); err != nil {
				return nil, err
			}
		}
		if inOrder(out.Bytes(), s.keys) {
			return out.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("keys never came in order")
}

func inOrder(stream []byte, keys []string) bool {
	for _, key := range keys {
		at := bytes.Index(stream, []byte(key))
		if at < 0 {
			return false
		}
		stream = stream[at+len(key):]
	}
	return true
}
