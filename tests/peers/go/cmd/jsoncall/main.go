// Command jsoncall is a client by net/rpc/jsonrpc that checks a server of the
// model services. It prints one line per check and exits 1 when any failed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
	"time"

	"gobrpc.test/peers/checks"
	"gobrpc.test/peers/model"
)

func main() {
	addr := flag.String("addr", "", "address of the server")
	flag.Parse()
	checks.Begin()
	dial := func() (*rpc.Client, error) { return jsonrpc.Dial("tcp", *addr) }
	checks.Clients(dial, map[string]func(*rpc.Client) error{
		"arith":      arith,
		"errors":     refusals,
		"echo":       echo,
		"profile":    profile,
		"concurrent": checks.Concurrent,
	})
	checks.Check("raw", raw(*addr))
	checks.End()
}

func arith(c *rpc.Client) error {
	for _, a := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		var product int64
		if err := c.Call("Arith.Multiply", model.Args{A: a, B: 1}, &product); err != nil {
			return err
		}
		if err := checks.Same(product, a); err != nil {
			return err
		}
	}
	var q model.Quotient
	if err := c.Call("Arith.Divide", &model.Args{A: 1, B: 3}, &q); err != nil {
		return err
	}
	return checks.Same(q, model.Quotient{Quo: 0, Rem: 1})
}

// refusals checks errors, each of which leaves the connection alive.
func refusals(c *rpc.Client) error {
	for _, r := range []struct {
		method string
		args   any
		text   string
	}{
		{"Arith.Divide", model.Args{A: 1}, "divide by zero"},
		{"Misc.Fail", "ünïcode <&> \x00 text", "ünïcode <&> \x00 text"},
		{"Nope.Foo", model.Args{}, "rpc: can't find service Nope.Foo"},
		{"Arith.Nope", model.Args{}, "rpc: can't find method Arith.Nope"},
		{"nodot", model.Args{}, "rpc: service/method request ill-formed: nodot"},
		{"Arith.Multiply", "text", "json: "},
		{"Arith.Multiply", map[string]any{"A": 1.5}, "json: "},
		{"Arith.Multiply", map[string]any{"A": "1"}, "json: "},
	} {
		var reply any
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
	// Names of any case, unknown ones, and null.
	var product int64
	args := map[string]any{"a": 6, "B": 7, "c": []any{nil}}
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
	inner := model.Inner{Name: "größer \" \\ \u2028", Score: -0.5}
	for _, err := range []error{
		checks.RoundTrip(c, "Echo.String", strings.Repeat("text \"<\u00fc>\" ", 1000)),
		checks.RoundTrip(c, "Echo.Bytes", large),
		checks.RoundTrip(c, "Echo.Bytes", []byte{}),
		checks.RoundTrip(c, "Echo.Nested", model.Nested{
			ID: math.MaxUint64, Title: "t", Inner: inner, Ptr: &inner, Raw: []byte{0, 255},
			List:  []model.Inner{inner, {}},
			Dict:  map[string]model.Inner{"k": inner, "": {}},
			Flags: [3]bool{true, false, true},
		}),
		checks.RoundTrip(c, "Echo.Tree", *checks.Tree(8, 1)),
		checks.RoundTrip(c, "Echo.Dict", map[string]int64{"a": 1, "b": -2, "": 3}),
		checks.RoundTrip(c, "Echo.Floats", []float64{0, 1, -1.5, 1e-7, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64}),
	} {
		if err != nil {
			return err
		}
	}
	// What gob leaves out as zero is there.
	var zero any
	if err := c.Call("Echo.Nested", model.Nested{}, &zero); err != nil {
		return err
	}
	return checks.Same(zero, map[string]any{
		"ID": 0.0, "Title": "", "Inner": map[string]any{"Name": "", "Score": 0.0}, "Ptr": nil,
		"List": []any{}, "Dict": nil, "Raw": "", "Flags": []any{false, false, false},
	})
}

func profile(c *rpc.Client) error {
	nick := "gopher"
	zone := time.FixedZone("", 5400)
	for _, p := range []model.Profile{
		{
			UserName:  "two words",
			CreatedAt: time.Date(2024, 2, 29, 14, 4, 56, 789, zone),
			Avatar:    []byte("png"),
			HomeIP:    net.ParseIP("192.0.2.1"),
			Address:   netip.MustParseAddr("fe80::1%eth0"),
			Total:     new(big.Int).Lsh(big.NewInt(-3), 200),
			Share:     big.NewRat(1, 3),
			Counts:    map[int64]string{-1: "a", 7: "b"},
			NickName:  &nick,
			TimeLimit: 90 * time.Second,
			Held:      "a string",
			Pair:      [2]int64{1, -1},
		},
		{
			CreatedAt: time.Unix(0, 0).UTC(),
			HomeIP:    net.ParseIP("2001:db8::1"),
			Total:     big.NewInt(0),
			Share:     big.NewRat(7, 1),
			Held:      2.5,
			Avatar:    []byte{1},
			Counts:    map[int64]string{0: ""},
		},
	} {
		// The reply as JSON is what Go's own encoder makes of the same.
		var reply any
		if err := c.Call("Shapes.Profile", p, &reply); err != nil {
			return err
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		var want any
		if err := json.Unmarshal(text, &want); err != nil {
			return err
		}
		if err := checks.Same(reply, want); err != nil {
			return err
		}
	}
	return nil
}

// raw checks ids of any type, and what Go's client never sends.
func raw(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(checks.Limit))
	dec := json.NewDecoder(conn)
	for _, r := range [][2]string{
		{`{"method":"Echo.String","params":["x"],"id":{"a":[1]}}`, `{"id":{"a":[1]},"result":"x","error":null}`},
		{"\n {\"id\":\"s\",\"params\":[\"x\",2],\"method\":\"Echo.String\"}", `{"id":"s","result":"x","error":null}`},
		{`{"method":"Echo.String","params":["x"]}`, `{"id":null,"result":"x","error":null}`},
		{`{"method":"Echo.String","id":1}`, `{"id":1,"result":null,"error":"jsonrpc: request body missing params"}`},
	} {
		if _, err := conn.Write([]byte(r[0])); err != nil {
			return err
		}
		var got json.RawMessage
		if err := dec.Decode(&got); err != nil {
			return fmt.Errorf("%s: %w", r[0], err)
		}
		if err := checks.Same(string(got), r[1]); err != nil {
			return err
		}
	}
	return nil
}
