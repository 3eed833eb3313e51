// Command serve runs the model services over net/rpc until stdin ends.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"os"

	"gobrpc.test/peers/model"
)

func main() {
	network := flag.String("network", "tcp", "tcp or unix")
	addr := flag.String("addr", "127.0.0.1:0", "address or socket path")
	useHTTP := flag.Bool("http", false, "serve through HTTP CONNECT")
	flag.Parse()

	server := rpc.DefaultServer
	if err := model.Register(server); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen(*network, *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *useHTTP {
		rpc.HandleHTTP()
		go http.Serve(listener, nil)
	} else {
		go rpc.Accept(listener)
	}
	fmt.Println("LISTEN", listener.Addr())

	io.Copy(io.Discard, os.Stdin)
	if *network == "unix" {
		os.Remove(*addr)
	}
}
