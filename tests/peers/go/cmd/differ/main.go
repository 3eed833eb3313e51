// Command differ is real Go for the differential tests: it makes, reads and
// judges gob streams for a peer that compares.
//
// Requests and replies are frames on stdin and stdout: a length of four bytes, big
// endian, and as many bytes. A request begins with a byte that says what to do:
//
//	'g' SEED COUNT         make a type and COUNT values of it: their stream, and
//	                       each value as text
//	'c' SEED COUNT STREAM  decode the values of that type from a stream: as text
//	'r' STREAM             decode a stream into types that are built from its own
//	                       definitions: as text
//	'a' STREAM             the same, but go on behind values that fail: how the last
//	                       one ended
//
// SEED is eight bytes, COUNT four. A reply is parts, each a length of four bytes
// and its bytes: the stream for 'g', then the lines of text, then how it ended: ""
// for a clean end, else the error.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	// A stack that overflows ends the process: that is not to take long.
	debug.SetMaxStack(64 << 20)
	// The peer limits memory for good; this keeps a run of many requests below.
	debug.SetMemoryLimit(512 << 20)
	go watch()
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		request, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		working.Store(true)
		reply := answer(request)
		working.Store(false)
		if err := writeFrame(out, reply); err != nil {
			log.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}

// working says that a request is being answered.
var working atomic.Bool

// watch ends the process with status 99 when a request takes more than 5 seconds
// of the CPU: of a busy machine's clock that says little.
func watch() {
	start := cpu()
	for {
		time.Sleep(100 * time.Millisecond)
		if !working.Load() {
			start = cpu()
		} else if cpu()-start > 5*time.Second {
			os.Exit(99)
		}
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}

func readFrame(in io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(in, frame)
	return frame, err
}

func writeFrame(out io.Writer, frame []byte) error {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(frame)))
	if _, err := out.Write(length[:]); err != nil {
		return err
	}
	_, err := out.Write(frame)
	return err
}

func answer(request []byte) []byte {
	var parts [][]byte
	end := ""
	switch request[0] {
	case 'g':
		seed, count := binary.BigEndian.Uint64(request[1:]), binary.BigEndian.Uint32(request[9:])
		stream, lines, err := generate(seed, int(count))
		parts, end = append([][]byte{stream}, lines...), text(err)
	case 'c':
		seed, count := binary.BigEndian.Uint64(request[1:]), binary.BigEndian.Uint32(request[9:])
		lines, err := check(seed, int(count), request[13:])
		parts, end = lines, text(err)
	case 'r':
		lines, err := judge(request[1:], false)
		parts, end = lines, text(err)
	case 'a':
		lines, err := judge(request[1:], true)
		parts, end = lines, text(err)
	default:
		end = "no such request"
	}
	var reply bytes.Buffer
	for _, part := range append(parts, []byte(end)) {
		_ = writeFrame(&reply, part)
	}
	return reply.Bytes()
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// generate makes values of the seed's type.
func generate(seed uint64, count int) ([]byte, [][]byte, error) {
	maker := newMaker(seed)
	typ := maker.root()
	var stream bytes.Buffer
	encoder := gob.NewEncoder(&stream)
	var lines [][]byte
	for i := 0; i < count; i++ {
		value := maker.value(typ, 0)
		lines = append(lines, printValue(value))
		pointer := reflect.New(typ)
		pointer.Elem().Set(value)
		if err := encoder.EncodeValue(pointer); err != nil {
			return stream.Bytes(), lines, fmt.Errorf("encode %v: %w", typ, err)
		}
	}
	return stream.Bytes(), lines, nil
}

// check decodes values of the seed's type.
func check(seed uint64, count int, stream []byte) (lines [][]byte, err error) {
	typ := newMaker(seed).root()
	decoder := gob.NewDecoder(bytes.NewReader(stream))
	for i := 0; i < count; i++ {
		pointer := reflect.New(typ)
		if err := decode(decoder, pointer); err != nil {
			return lines, fmt.Errorf("decode %v: %w", typ, err)
		}
		lines = append(lines, printValue(pointer.Elem()))
	}
	if err := decode(decoder, reflect.Value{}); !errors.Is(err, io.EOF) {
		return lines, fmt.Errorf("behind the last value: %w", err)
	}
	return lines, nil
}

// decode turns panics that gob lets through into errors.
func decode(decoder *gob.Decoder, pointer reflect.Value) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	return decoder.DecodeValue(pointer)
}
