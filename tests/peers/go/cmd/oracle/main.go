// Oracle prints what `gobrpc decode` and `gobrpc types --json` must print for a
// stream: a second reader, in another language, that shares nothing with the first.
// It is written from encoding/gob's documentation and the description of the two
// outputs, and is as plain as it can be: it recurses, and trusts its input.
//
//	oracle print FOLDER               for each NAME.gob in it writes NAME.json and NAME.types
//	oracle samples FOLDER SEED COUNT  writes streams to be printed, COUNT of them random
//
// A stream that is wrong gives the lines before the fault, and a line in NAME.error.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "print":
		print(args[1])
	case len(args) == 4 && args[0] == "samples":
		seed, seedErr := strconv.ParseInt(args[2], 10, 64)
		count, countErr := strconv.Atoi(args[3])
		if seedErr != nil || countErr != nil {
			fail(fmt.Errorf("SEED and COUNT are numbers"))
		}
		samples(args[1], seed, count)
	default:
		fmt.Fprintln(os.Stderr, "usage: oracle print FOLDER | oracle samples FOLDER SEED COUNT")
		os.Exit(2)
	}
}

func print(folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.gob"))
	if err != nil {
		fail(err)
	}
	for _, file := range files {
		stream, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		var values, types bytes.Buffer
		fault := read(stream, &values, &types)
		name := strings.TrimSuffix(file, ".gob")
		write(name+".json", values.Bytes())
		write(name+".types", types.Bytes())
		if fault != nil {
			write(name+".error", []byte(fault.Error()+"\n"))
		}
	}
	fmt.Printf("%d streams\n", len(files))
}

func write(file string, text []byte) {
	if err := os.WriteFile(file, text, 0o644); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "oracle:", err)
	os.Exit(1)
}

// read prints the values and the types of a stream.
func read(stream []byte, values, types *bytes.Buffer) (fault error) {
	r := &reader{stream: stream, defined: map[int64]*wireType{}, types: types}
	defer func() {
		if problem := recover(); problem != nil {
			fault = fmt.Errorf("%v", problem)
		}
	}()
	for len(r.stream) > 0 {
		r.message()
		id, isValue := r.typeID(false)
		if !isValue {
			continue
		}
		values.WriteString(r.top(id))
		values.WriteByte('\n')
		// Go drops what stands behind a value.
		r.buf = nil
	}
	if r.waiting {
		panic("the stream ends behind a type definition")
	}
	return nil
}
