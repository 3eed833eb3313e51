// Command peer is the Go side of `gobrpc demo`: net/rpc as it comes with Go.
//
//	peer serve            serves Pricing, prints LISTEN addr, ends with stdin
//	peer call CALLS ADDR… calls Pricing at each address
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"os"
	"strconv"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		serve()
	case len(os.Args) > 3 && os.Args[1] == "call":
		calls, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		for _, addr := range os.Args[3:] {
			if err := call(addr, calls); err != nil {
				log.Fatalf("%s: %v", addr, err)
			}
		}
	default:
		log.Fatal("peer serve, or peer call CALLS ADDR…")
	}
}

func serve() {
	if err := rpc.Register(&Pricing{Server: "go"}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("LISTEN", listener.Addr())
	go rpc.Accept(listener)
	// Ends with its parent, however that ends.
	io.Copy(io.Discard, os.Stdin)
}
