// Command guarded is a Go net/rpc client of a server that lets in some calls and
// refuses others. It exits 1 unless each refusal is an error of its call alone, on a
// connection that goes on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/rpc"
	"os"

	"gobrpc.test/peers/model"
)

func main() {
	addr := flag.String("addr", "", "address of the server")
	flag.Parse()
	client, err := rpc.Dial("tcp", *addr)
	if err != nil {
		fail(err)
	}
	// Go has no metadata, and so no token.
	refused(client, "Echo.String", `no token: send the metadata "authorization" with the value "Bearer …"`)
	// Nor is the argument looked at.
	refused(client, "Echo.Nested", `no token: send the metadata "authorization" with the value "Bearer …"`)
	refused(client, "Misc.Nothing", "Misc.Nothing is not for callers who are not known")
	for i := 0; i < 3; i++ {
		multiply(client)
	}
	for i := 0; i < 3; i++ {
		refused(client, "Arith.Multiply", "more than 3 calls in 3600s")
	}
	// What has no limit is served on the same connection.
	var quotient model.Quotient
	if err := client.Call("Arith.Divide", model.Args{A: 7, B: 2}, &quotient); err != nil || quotient.Quo != 3 {
		fail(fmt.Errorf("the connection is dead: %v, %w", quotient, err))
	}
}

func multiply(client *rpc.Client) {
	var product int64
	if err := client.Call("Arith.Multiply", model.Args{A: 6, B: 7}, &product); err != nil || product != 42 {
		fail(fmt.Errorf("%d, %w", product, err))
	}
}

func refused(client *rpc.Client, method, text string) {
	var reply string
	err := client.Call(method, "no such argument", &reply)
	var told rpc.ServerError
	if !errors.As(err, &told) || string(told) != text {
		fail(fmt.Errorf("%s: %w", method, err))
	}
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}
