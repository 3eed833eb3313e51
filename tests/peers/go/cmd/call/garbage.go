package main

import (
	"encoding/hex"
	"fmt"
)

// garbageChecks sends headers that no server can read. Each must end that
// connection, without a reply, and leave the server alive.
func garbageChecks(s *suite) {
	afterwards := func() error {
		c, err := s.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		return alive(c)
	}
	ends := func(name string, send func(*wire) error) {
		s.wire("garbage_"+name, func(w *wire) error {
			return first(send(w), w.closed(), afterwards())
		})
		s.wire("garbage_"+name+"_after_a_call", func(w *wire) error {
			return first(w.product(0, 6, 7), send(w), w.closed(), afterwards())
		})
	}
	raw := func(text string) func(*wire) error {
		return func(w *wire) error {
			b, err := hex.DecodeString(text)
			if err == nil {
				_, err = w.conn.Write(b)
			}
			return err
		}
	}
	ends("predefined_type_id", raw("0407070707"))
	ends("unknown_type_id", raw("0400fe0102"))
	ends("huge_length", raw("f8ffffffffffffffff"))
	ends("long_length_prefix", raw("80ffffffffffffffffff"))
	ends("cut_integer", raw("02feff"))
	for _, h := range []struct {
		name   string
		header any
	}{
		{"string_header", "Arith.Multiply"},
		{"int_header", 7},
		{"signed_seq", struct {
			ServiceMethod string
			Seq           int64
		}{"Arith.Multiply", 1}},
		{"bytes_method", struct{ ServiceMethod []byte }{[]byte("Arith.Multiply")}},
		{"no_known_field", struct{ Method string }{"Arith.Multiply"}},
	} {
		ends(h.name, func(w *wire) error { return w.enc.Encode(h.header) })
	}
	cut := func(name, text string) {
		s.wire("garbage_"+name, func(w *wire) error {
			return first(raw(text)(w), w.closeWrite(), w.closed(), afterwards())
		})
	}
	cut("cut_length", "fe01")
	cut("cut_message", "20ff8103")
	s.wire("garbage_header_without_body", func(w *wire) error {
		if err := w.enc.Encode(extended{ServiceMethod: "Arith.Multiply", Seq: 1}); err != nil {
			return err
		}
		if err := w.closeWrite(); err != nil {
			return err
		}
		// Go's server replies with an error here; silence is as good.
		if h, err := w.header(); err == nil {
			if h.Error == "" {
				return fmt.Errorf("got header %+v, want an error or the end", h)
			}
			if err := w.skip(); err != nil {
				return err
			}
			if _, err := w.header(); err == nil {
				return fmt.Errorf("a second reply")
			}
		}
		return afterwards()
	})
}
