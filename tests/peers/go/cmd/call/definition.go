package main

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
)

// plainResponse reads a reply's first message and checks that it defines
// exactly net/rpc's own Response. The id is the server's choice.
func plainResponse(w *wire) error {
	length, err := w.in.ReadByte()
	if err != nil {
		return err
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(w.in, message); err != nil {
		return err
	}
	if length >= 128 || length < 2 {
		return fmt.Errorf("first message has length byte %#x: not net/rpc's Response", length)
	}
	id := int64(0)
	want := []byte(nil)
	for id = 64; id < 4096; id++ {
		if want = responseDefinition(id); bytes.HasPrefix(message, signed(-id)) {
			break
		}
	}
	if !bytes.Equal(message, want) {
		return fmt.Errorf("got definition %x, want (for id %d) %x", message, id, want)
	}
	return nil
}

// responseDefinition is the message, less its length, that defines Response.
func responseDefinition(id int64) []byte {
	text := func(s string) string { return string(rune(len(s))) + s }
	def := signed(-id)
	def = append(def, "\x03\x01\x01"+text("Response")+"\x01"...)
	def = append(def, signed(id)...)
	def = append(def, "\x00\x01\x03"...)
	def = append(def, "\x01"+text("ServiceMethod")+"\x01\x0c\x00"...)
	def = append(def, "\x01"+text("Seq")+"\x01\x06\x00"...)
	def = append(def, "\x01"+text("Error")+"\x01\x0c\x00"...)
	return append(def, "\x00\x00"...)
}

// signed is the encoding of a signed integer of one or two value bytes.
func signed(i int64) []byte {
	u := uint64(i) << 1
	if i < 0 {
		u = ^u
	}
	switch {
	case u < 0x80:
		return []byte{byte(u)}
	case u < 0x100:
		return []byte{0xff, byte(u)}
	}
	return []byte{0xfe, byte(u >> 8), byte(u)}
}

// trickle writes one byte at a time.
type trickle struct{ io.Writer }

func (t trickle) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := t.Writer.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func newEncoder(w io.Writer) *gob.Encoder { return gob.NewEncoder(w) }
