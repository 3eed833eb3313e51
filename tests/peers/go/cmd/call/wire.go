package main

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"reflect"
	"time"
)

// wire speaks the protocol by hand, without net/rpc's client.
type wire struct {
	conn net.Conn
	enc  *gob.Encoder
	in   *bufio.Reader
	dec  *gob.Decoder
}

const connect = "CONNECT /_goRPC_ HTTP/1.0\n\n"
const connected = "HTTP/1.0 200 Connected to Go RPC\n\n"

func (s *suite) dialWire() (*wire, error) {
	conn, err := s.dialConn()
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(limit))
	if s.mode == "http" {
		got := make([]byte, len(connected))
		if _, err := io.WriteString(conn, connect); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(conn, got); err != nil {
			return nil, err
		}
		if string(got) != connected {
			return nil, fmt.Errorf("CONNECT answered %q", got)
		}
	}
	in := bufio.NewReader(conn)
	return &wire{conn: conn, enc: gob.NewEncoder(conn), in: in, dec: gob.NewDecoder(in)}, nil
}

// send writes a header and a body.
func (w *wire) send(header, body any) error {
	return first(w.enc.Encode(header), w.enc.Encode(body))
}

// request writes a plain Go request.
func (w *wire) request(method string, seq uint64, body any) error {
	return w.send(&rpc.Request{ServiceMethod: method, Seq: seq}, body)
}

// header reads a reply's header.
func (w *wire) header() (rpc.Response, error) {
	var h rpc.Response
	err := w.dec.Decode(&h)
	return h, err
}

// expect reads one reply and compares all of its header. The body of an
// error reply is decoded as an empty struct, as Go's server sends it.
func (w *wire) expect(want rpc.Response, body any) error {
	got, err := w.header()
	if err != nil {
		return fmt.Errorf("reading a header: %w", err)
	}
	if got != want {
		return fmt.Errorf("got header %+v, want %+v", got, want)
	}
	if got.Error != "" {
		body = &struct{}{}
	}
	if err := w.dec.Decode(body); err != nil {
		return fmt.Errorf("reading a body: %w", err)
	}
	return nil
}

// skip reads a body of any type, as net/rpc's client does after an error.
func (w *wire) skip() error { return w.dec.DecodeValue(reflect.Value{}) }

// product makes one call of Arith.Multiply.
func (w *wire) product(seq uint64, a, b int64) error {
	if err := w.request("Arith.Multiply", seq, struct{ A, B int64 }{a, b}); err != nil {
		return err
	}
	return w.expectProduct(seq, a*b)
}

func (w *wire) expectProduct(seq uint64, want int64) error {
	var got int64
	if err := w.expect(rpc.Response{ServiceMethod: "Arith.Multiply", Seq: seq}, &got); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("seq %d: got %d, want %d", seq, got, want)
	}
	return nil
}

// closeWrite ends the sending direction only.
func (w *wire) closeWrite() error {
	half, ok := w.conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%T cannot half-close", w.conn)
	}
	return half.CloseWrite()
}

// closed checks that the server ends the connection within two seconds,
// sending nothing more.
func (w *wire) closed() error {
	w.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	b, err := w.in.ReadByte()
	if err == nil {
		return fmt.Errorf("got byte %#02x, want the connection closed", b)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		return fmt.Errorf("still open after 2 s")
	}
	return nil // End of stream, or a reset.
}
