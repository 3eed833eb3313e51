// Command gotypes decodes a gob stream of Go's standard types from stdin and
// prints each value on a line of its own. Its argument names the type.
package main

import (
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"time"
)

// UUID is google/uuid's in all that gob can see.
type UUID [16]byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (u UUID) MarshalBinary() ([]byte, error) { return u[:], nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler, as strictly as
// google/uuid does.
func (u *UUID) UnmarshalBinary(b []byte) error {
	if len(b) != 16 {
		return fmt.Errorf("invalid UUID (got %d bytes)", len(b))
	}
	copy(u[:], b)
	return nil
}

// ErrorString is Mattermost's.
type ErrorString struct {
	Code int
	Err  string
}

// Error implements error.
func (e ErrorString) Error() string { return e.Err }

// Fields has the types whose zeros are left out, and those whose are not.
type Fields struct {
	Before int
	At     time.Time
	Ptr    *time.Time
	For    time.Duration
	Value  big.Int
	Int    *big.Int
	Rat    *big.Rat
	Float  *big.Float
	Number complex64
	IP     net.IP
	Addr   netip.Addr
	Socket netip.AddrPort
	Prefix netip.Prefix
	URL    *url.URL
	ID     UUID
	Raw    [16]byte
	Err    *ErrorString
	After  int
}

// each decodes values of one type to the end of the stream.
func each[T any](print func(*T) string) func(*gob.Decoder) error {
	return func(decoder *gob.Decoder) error {
		for {
			var value T
			if err := decoder.Decode(&value); err != nil {
				return err
			}
			fmt.Println(print(&value))
		}
	}
}

func text(t time.Time) string {
	zone, offset := t.Zone()
	if t.Location() != time.UTC {
		zone = "zone"
	}
	return fmt.Sprintf("%d %d %s %d", t.Unix(), t.Nanosecond(), zone, offset)
}

func float(f *big.Float) string {
	near, _ := f.Float64()
	return fmt.Sprintf("%s %d %v %v %x", f.Text('p', 0), f.Prec(), f.Mode(), f.Acc(), near)
}

func (f *Fields) String() string {
	ptr := "nil"
	if f.Ptr != nil {
		ptr = text(*f.Ptr)
	}
	return fmt.Sprint(f.Before, ", ", text(f.At), ", ", ptr, ", ", f.For, ", ", &f.Value, ", ", f.Int, ", ", f.Rat, ", ",
		f.Float, ", ", f.Number, ", ", f.IP, ", ", f.Addr, ", ", f.Socket, ", ", f.Prefix, ", ", f.URL, ", ",
		hex.EncodeToString(f.ID[:]), ", ", hex.EncodeToString(f.Raw[:]), ", ", f.Err, ", ", f.After)
}

var types = map[string]func(*gob.Decoder) error{
	"time":     each(func(t *time.Time) string { return text(*t) }),
	"rfc3339":  each(func(t *time.Time) string { return t.Format(time.RFC3339Nano) }),
	"duration": each(func(d *time.Duration) string { return d.String() }),
	"int":      each(func(n *big.Int) string { return n.String() }),
	"rat":      each(func(n *big.Rat) string { return n.RatString() }),
	"float":    each(float),
	"complex":  each(func(c *complex128) string { return fmt.Sprint(*c) }),
	"ip":       each(func(ip *net.IP) string { return fmt.Sprint(*ip, " ", len(*ip)) }),
	"addr":     each(func(a *netip.Addr) string { return a.String() }),
	"addrport": each(func(a *netip.AddrPort) string { return a.String() }),
	"prefix":   each(func(p *netip.Prefix) string { return p.String() }),
	"url":      each(func(u *url.URL) string { return u.String() }),
	"uuid":     each(func(u *UUID) string { return hex.EncodeToString(u[:]) }),
	"array":    each(func(u *[16]byte) string { return hex.EncodeToString(u[:]) }),
	"error":    each(func(e *ErrorString) string { return fmt.Sprint(e.Code, " ", e.Error()) }),
	"fields":   each((*Fields).String),
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 || types[os.Args[1]] == nil {
		log.Fatal("usage: gotypes TYPE <stream")
	}
	if err := types[os.Args[1]](gob.NewDecoder(os.Stdin)); !errors.Is(err, io.EOF) {
		log.Fatal(err)
	}
}
