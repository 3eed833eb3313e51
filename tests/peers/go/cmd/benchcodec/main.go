// Command benchcodec is Go's encoding/gob in the codec bench (tests/benches):
// one workload, one operation; it prints a line of JSON.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"reflect"
	"runtime"
	"syscall"
	"time"
)

func main() {
	workload := flag.String("workload", "", "the name of a workload")
	operation := flag.String("operation", "", "encode, decode, encode-once, decode-once or borrow")
	millis := flag.Int("millis", 200, "milliseconds of processor time")
	flag.Parse()

	value := valueOf(*workload)
	var size int
	var run func()
	switch *operation {
	case "encode":
		run, size = encodeWarm(value)
	case "decode", "borrow":
		run, size = decodeWarm(value)
	case "encode-once":
		run, size = encodeOnce(value)
	case "decode-once":
		run, size = decodeOnce(value)
	default:
		log.Fatalf("there is no operation %q", *operation)
	}
	measure(run, size, time.Duration(*millis)*time.Millisecond)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func encodeWarm(value any) (func(), int) {
	var buffer bytes.Buffer
	encoder := gob.NewEncoder(&buffer)
	must(encoder.Encode(value))
	buffer.Reset()
	must(encoder.Encode(value))
	size := buffer.Len()
	return func() {
		buffer.Reset()
		must(encoder.Encode(value))
	}, size
}

// again gives the same message for ever, after the one that defines the types.
type again struct {
	first, next []byte
	at          int
}

func (r *again) Read(p []byte) (int, error) {
	if r.first != nil && r.at == len(r.first) {
		r.first, r.at = nil, 0
	}
	from := r.next
	if r.first != nil {
		from = r.first
	} else if r.at == len(from) {
		r.at = 0
	}
	n := copy(p, from[r.at:])
	r.at += n
	return n, nil
}

// ReadByte keeps gob from putting a bufio.Reader in between.
func (r *again) ReadByte() (byte, error) {
	var one [1]byte
	_, err := r.Read(one[:])
	return one[0], err
}

func decodeWarm(value any) (func(), int) {
	var buffer bytes.Buffer
	encoder := gob.NewEncoder(&buffer)
	must(encoder.Encode(value))
	first := bytes.Clone(buffer.Bytes())
	buffer.Reset()
	must(encoder.Encode(value))
	next := bytes.Clone(buffer.Bytes())
	decoder := gob.NewDecoder(&again{first: first, next: next})
	typ := reflect.TypeOf(value).Elem()
	got := reflect.New(typ)
	must(decoder.DecodeValue(got))
	check(got.Interface(), value)
	return func() {
		must(decoder.DecodeValue(reflect.New(typ)))
	}, len(next)
}

func encodeOnce(value any) (func(), int) {
	var buffer bytes.Buffer
	must(gob.NewEncoder(&buffer).Encode(value))
	size := buffer.Len()
	return func() {
		buffer.Reset()
		must(gob.NewEncoder(&buffer).Encode(value))
	}, size
}

func decodeOnce(value any) (func(), int) {
	var buffer bytes.Buffer
	must(gob.NewEncoder(&buffer).Encode(value))
	stream := buffer.Bytes()
	typ := reflect.TypeOf(value).Elem()
	got := reflect.New(typ)
	must(gob.NewDecoder(bytes.NewReader(stream)).DecodeValue(got))
	check(got.Interface(), value)
	return func() {
		must(gob.NewDecoder(bytes.NewReader(stream)).DecodeValue(reflect.New(typ)))
	}, len(stream)
}

func check(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		log.Fatal("Go does not give back what it was given")
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func measure(run func(), size int, wanted time.Duration) {
	batch := 1
	for {
		start := cpu()
		for i := 0; i < batch; i++ {
			run()
		}
		if (cpu()-start)*8 >= wanted {
			break
		}
		batch *= 2
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	operations := 0
	for cpu()-start < wanted {
		for i := 0; i < batch; i++ {
			run()
		}
		operations += batch
	}
	took := cpu() - start
	runtime.ReadMemStats(&after)
	text, err := json.Marshal(map[string]any{
		"bytes":       size,
		"operations":  operations,
		"nanos":       float64(took.Nanoseconds()) / float64(operations),
		"allocations": float64(after.Mallocs-before.Mallocs) / float64(operations),
	})
	must(err)
	fmt.Println(string(text))
}
