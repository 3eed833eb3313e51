// Command call is a Go net/rpc client that checks a server of the model
// services. It prints one line per check and exits 1 when any failed.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	s := new(suite)
	flag.StringVar(&s.network, "network", "tcp", "tcp or unix")
	flag.StringVar(&s.addr, "addr", "", "address or socket path of the server")
	flag.StringVar(&s.mode, "mode", "dial", "dial, http or tls")
	flag.StringVar(&s.ca, "ca", "", "tls: PEM file of the authority of the server")
	flag.StringVar(&s.cert, "cert", "", "tls: PEM file of the client's certificate")
	flag.StringVar(&s.key, "key", "", "tls: PEM file of its key")
	flag.StringVar(&s.name, "name", "", "tls: the server's name, if it is not the address")
	flag.BoolVar(&s.beyond, "beyond", false, "also run checks that Go's own server fails")
	flag.StringVar(&s.only, "only", "", "run only the checks whose name contains this")
	flag.StringVar(&s.skip, "skip", "", "leave out checks whose name contains one of these, with commas between them")
	flag.Parse()
	if s.addr == "" || (s.mode != "dial" && s.mode != "http" && s.mode != "tls") {
		flag.Usage()
		os.Exit(2)
	}
	log.SetOutput(io.Discard) // net/rpc logs what the checks provoke.

	arithChecks(s)
	errorChecks(s)
	mismatchChecks(s)
	extraChecks(s)
	echoChecks(s)
	concurrencyChecks(s)
	headerChecks(s)
	garbageChecks(s)
	if s.beyond {
		builtinChecks(s)
	}
	if s.mode == "http" {
		httpChecks(s)
	}

	fmt.Printf("%d passed, %d failed\n", s.passed, s.failed)
	if s.failed > 0 {
		os.Exit(1)
	}
}
