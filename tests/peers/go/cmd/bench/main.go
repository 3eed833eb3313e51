// Command bench is the Go net/rpc side of the benchmarks: a server with
// -serve, else a client that keeps calls in flight.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"os"
	"syscall"

	"gobrpc.test/peers/model"
)

func main() {
	asServer := flag.Bool("serve", false, "serve until stdin ends")
	network := flag.String("network", "tcp", "tcp or unix")
	addr := flag.String("addr", "127.0.0.1:0", "address or socket path")
	inflight := flag.Int("inflight", 1, "calls in flight on each connection")
	conns := flag.Int("conns", 1, "connections")
	seconds := flag.Float64("seconds", 1, "how long to run")
	op := flag.String("op", "mul", "mul, echo4k or echo64k")
	flag.Parse()

	if *asServer {
		serve(*network, *addr)
		return
	}
	var clients []*rpc.Client
	for i := 0; i < *conns; i++ {
		client, err := rpc.Dial(*network, *addr)
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		clients = append(clients, client)
	}
	result, err := run(clients, *op, *inflight, *seconds)
	if err != nil {
		log.Fatal(err)
	}
	printJSON(result)
}

func serve(network, addr string) {
	if err := model.Register(rpc.DefaultServer); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen(network, addr)
	if err != nil {
		log.Fatal(err)
	}
	go rpc.Accept(listener)
	fmt.Println("LISTEN", listener.Addr())
	io.Copy(io.Discard, os.Stdin)
	printJSON(struct {
		CPUSeconds float64 `json:"cpu_seconds"`
	}{cpuSeconds()})
	if network == "unix" {
		os.Remove(addr)
	}
}

func printJSON(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}

// cpuSeconds is this process's user and system time so far.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
