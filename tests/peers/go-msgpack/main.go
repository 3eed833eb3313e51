// Command go-msgpack speaks net/rpc in msgpack by hashicorp/net-rpc-msgpackrpc:
//
//	go-msgpack serve  runs the model services until stdin ends
//	go-msgpack call   checks a server of the model services at -addr
//
// It is no part of the module of the other peers: Debian's sources of that package
// build it, in GOPATH mode (tests/setup-registries.sh msgpackrpc).
package main

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/rpc"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-msgpack/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc"
	"gobrpc.test/peers/checks"
	"gobrpc.test/peers/model"
)

// Stamp has what go-msgpack writes by methods of its own.
type Stamp struct {
	At   time.Time
	Hash [4]byte
	Held interface{}
	Took time.Duration
}

// Stamps echoes it.
type Stamps struct{}

// Echo echoes a stamp.
func (Stamps) Echo(arg Stamp, reply *Stamp) error { *reply = arg; return nil }

// Bytes gives what go-msgpack writes for a stamp.
func (Stamps) Bytes(arg Stamp, reply *string) error {
	var out []byte
	err := codec.NewEncoderBytes(&out, &codec.MsgpackHandle{}).Encode(arg)
	*reply = hex.EncodeToString(out)
	return err
}

func main() {
	log.SetFlags(0)
	log.SetOutput(io.Discard)
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	flags := flag.NewFlagSet("go-msgpack", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:0", "address of the server")
	array := flags.Bool("array", false, "write structs as arrays")
	ext := flags.Bool("ext", false, "write strings and bytes in the forms of 2013")
	flags.Parse(os.Args[2:])
	handle := &codec.MsgpackHandle{WriteExt: *ext}
	handle.StructToArray = *array
	switch os.Args[1] {
	case "serve":
		serve(*addr, handle)
	case "call":
		call(*addr, handle)
	}
}

func serve(addr string, handle *codec.MsgpackHandle) {
	server := rpc.NewServer()
	if err := model.Register(server); err != nil {
		panic(err)
	}
	if err := server.Register(Stamps{}); err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	fmt.Println("LISTEN", listener.Addr())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go server.ServeCodec(msgpackrpc.NewCodecFromHandle(true, true, conn, handle))
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

func call(addr string, handle *codec.MsgpackHandle) {
	checks.Begin()
	dial := func() (*rpc.Client, error) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		return rpc.NewClientWithCodec(msgpackrpc.NewCodecFromHandle(true, true, conn, handle)), nil
	}
	checks.Clients(dial, map[string]func(*rpc.Client) error{
		"arith":      arith,
		"errors":     refusals,
		"echo":       echo,
		"stamps":     stamps,
		"concurrent": checks.Concurrent,
	})
	checks.Check("pool", pool(addr))
	checks.End()
}

func arith(c *rpc.Client) error {
	for _, a := range []int64{
		0, 1, -1, -32, -33, 127, 128, 255, 256, 65535, 65536, -128, -129, -32768, -32769,
		math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64,
	} {
		var product int64
		if err := c.Call("Arith.Multiply", model.Args{A: a, B: 1}, &product); err != nil {
			return err
		}
		if err := checks.Same(product, a); err != nil {
			return err
		}
	}
	var q model.Quotient
	if err := c.Call("Arith.Divide", &model.Args{A: 7, B: 3}, &q); err != nil {
		return err
	}
	return checks.Same(q, model.Quotient{Quo: 2, Rem: 1})
}

// refusals checks errors, each of which leaves the connection alive.
func refusals(c *rpc.Client) error {
	for _, r := range []struct {
		method string
		args   interface{}
		text   string
	}{
		{"Arith.Divide", model.Args{A: 1}, "divide by zero"},
		{"Misc.Fail", "ünïcode \x00 text", "ünïcode \x00 text"},
		{"Nope.Foo", model.Args{}, "rpc: can't find service Nope.Foo"},
		{"Arith.Nope", model.Args{}, "rpc: can't find method Arith.Nope"},
		{"nodot", model.Args{}, "rpc: service/method request ill-formed: nodot"},
		{"Arith.Multiply", "text", "msgpack: "},
		{"Arith.Multiply", map[string]interface{}{"A": 1.5}, "msgpack: "},
	} {
		var reply interface{}
		err := c.Call(r.method, r.args, &reply)
		if err == nil {
			return fmt.Errorf("%s succeeded", r.method)
		}
		if !strings.HasPrefix(err.Error(), r.text) {
			return fmt.Errorf("%s: got %q, want %q", r.method, err, r.text)
		}
		if err := arith(c); err != nil {
			return fmt.Errorf("after %s: %w", r.method, err)
		}
	}
	// Unknown names and nil.
	var product int64
	args := map[string]interface{}{"A": 6, "B": 7, "c": []interface{}{nil, map[string]int{"A": 1}}}
	if err := c.Call("Arith.Multiply", args, &product); err != nil {
		return err
	}
	if err := checks.Same(product, int64(42)); err != nil {
		return err
	}
	return c.Call("Misc.Nothing", nil, &struct{}{})
}

func echo(c *rpc.Client) error {
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(i)
	}
	inner := model.Inner{Name: "größer", Score: -0.5}
	for _, err := range []error{
		checks.RoundTrip(c, "Echo.String", ""),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 31)),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 32)),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 255)),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 256)),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 65535)),
		checks.RoundTrip(c, "Echo.String", strings.Repeat("x", 65536)),
		checks.RoundTrip(c, "Echo.String", "no UTF-8: \xff\xfe"),
		checks.RoundTrip(c, "Echo.Bytes", large),
		checks.RoundTrip(c, "Echo.Nested", model.Nested{
			ID: math.MaxUint64, Title: "t", Inner: inner, Ptr: &inner, Raw: []byte{0, 255},
			List:  []model.Inner{inner, {}},
			Dict:  map[string]model.Inner{"k": inner, "": {}},
			Flags: [3]bool{true, false, true},
		}),
		checks.RoundTrip(c, "Echo.Tree", *checks.Tree(8, 1)),
		checks.RoundTrip(c, "Echo.Dict", map[string]int64{"a": 1, "b": -2, "": 3}),
		checks.RoundTrip(c, "Echo.Floats", []float64{
			0, 1, -1.5, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1),
		}),
	} {
		if err != nil {
			return err
		}
	}
	many := make([]float64, 70000)
	return checks.RoundTrip(c, "Echo.Floats", many)
}

func stamps(c *rpc.Client) error {
	for _, stamp := range []Stamp{
		{
			At:   time.Date(2024, 2, 29, 14, 4, 56, 789, time.FixedZone("", 5400)),
			Took: -90 * time.Second,
			Hash: [4]byte{1, 2, 3, 255},
			Held: true,
		},
		{At: time.Unix(0, 0).UTC(), Held: int64(-5)},
		{At: time.Date(9999, 1, 2, 3, 4, 5, 6, time.UTC), Held: 2.5},
	} {
		var reply Stamp
		if err := c.Call("Stamps.Echo", stamp, &reply); err != nil {
			return err
		}
		if !reply.At.Equal(stamp.At) {
			return fmt.Errorf("got %v, want %v", reply.At, stamp.At)
		}
		reply.At = stamp.At
		if err := checks.Same(reply, stamp); err != nil {
			return err
		}
	}
	return nil
}

// pool calls as Consul's and Nomad's pools do: one call at a time, without a client.
func pool(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(checks.Limit))
	cc := msgpackrpc.NewClientCodec(conn)
	for i := int64(1); i < 4; i++ {
		var product int64
		err := msgpackrpc.CallWithCodec(cc, "Arith.Multiply", &model.Args{A: i, B: 7}, &product)
		if err != nil {
			return err
		}
		if err := checks.Same(product, 7*i); err != nil {
			return err
		}
		var reply bytes.Buffer
		err = msgpackrpc.CallWithCodec(cc, "Misc.Fail", "no", &reply)
		if err == nil || err.Error() != "no" {
			return fmt.Errorf("Misc.Fail: %v", err)
		}
	}
	return nil
}
