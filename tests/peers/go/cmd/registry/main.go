// Command registry uses a registry of gobrpc by net/rpc:
//
//	registry serve  registers a server of the model services until stdin ends
//	registry call   finds a server and calls it
//	registry watch  prints changes until it has seen -count of them
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"os"
	"time"

	"gobrpc.test/peers/model"
)

// What goes over the wire: gobrpc-registry, backend::rpc::wire.
type (
	Entry struct {
		Name, Version, Addr, Protocol, ID string
		Weight                            int64
		Zone                              string
		Tags                              []string
		State                             string
		Metadata                          map[string]string
	}
	RegisterArgs struct {
		Entry     Entry
		TTLMillis uint64
		IfFree    bool
	}
	Grant struct {
		Lease     string
		TTLMillis uint64
		Conflict  string
	}
	LeaseArgs struct{ Lease string }
	Stand     struct {
		Held   bool
		Holder string
	}
	Scope   struct{ Service, Version, Addr string }
	Listing struct {
		Entries         []Entry
		Epoch, Revision uint64
	}
	WatchArgs struct {
		Scope           Scope
		Epoch, Revision uint64
		WaitMillis      uint64
	}
	Change struct {
		Deleted bool
		Entry   Entry
	}
	Changes struct {
		Changes         []Change
		Gap             bool
		Epoch, Revision uint64
	}
)

func main() {
	log.SetFlags(0)
	flags := flag.NewFlagSet("registry", flag.ExitOnError)
	at := flags.String("registry", "", "address of the registry")
	name := flags.String("name", "arith", "service")
	count := flags.Int("count", 1, "changes to wait for")
	if len(os.Args) < 2 {
		log.Fatal("serve, call or watch?")
	}
	flags.Parse(os.Args[2:])
	registry, err := rpc.Dial("tcp", *at)
	check(err)
	defer registry.Close()
	switch os.Args[1] {
	case "serve":
		serve(registry, *name)
	case "call":
		call(registry, *name)
	case "watch":
		watch(registry, *name, *count)
	}
}

func serve(registry *rpc.Client, name string) {
	check(model.Register(rpc.DefaultServer))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go rpc.Accept(listener)

	args := RegisterArgs{
		Entry: Entry{
			Name: name, Version: "v1", Addr: listener.Addr().String(), Zone: "go",
			Tags: []string{"a", "b"}, Metadata: map[string]string{"language": "Go"},
		},
		TTLMillis: 3000,
	}
	var grant Grant
	check(registry.Call("Registry.Register", args, &grant))
	over := make(chan bool)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	fmt.Println("LISTEN", listener.Addr())
	for {
		select {
		case <-time.After(time.Duration(grant.TTLMillis) * time.Millisecond / 3):
			var stand Stand
			check(registry.Call("Registry.Renew", LeaseArgs{grant.Lease}, &stand))
			if !stand.Held {
				log.Fatal("the lease is lost")
			}
		case <-over:
			var stand Stand
			check(registry.Call("Registry.Deregister", LeaseArgs{grant.Lease}, &stand))
			return
		}
	}
}

func call(registry *rpc.Client, name string) {
	var listing Listing
	check(registry.Call("Registry.List", Scope{Service: name}, &listing))
	for _, entry := range listing.Entries {
		client, err := rpc.Dial(entry.Protocol, entry.Addr)
		check(err)
		var product int64
		check(client.Call("Arith.Multiply", model.Args{A: 6, B: 7}, &product))
		fmt.Println(entry.Name, entry.Version, entry.Addr, entry.Weight, entry.Zone, entry.State,
			entry.Tags, entry.Metadata, product)
		client.Close()
	}
}

func watch(registry *rpc.Client, name string, count int) {
	var listing Listing
	check(registry.Call("Registry.List", Scope{Service: name}, &listing))
	for _, entry := range listing.Entries {
		fmt.Println("HAVE", entry.Addr, entry.Weight)
	}
	fmt.Println("WATCH")
	args := WatchArgs{Scope{Service: name}, listing.Epoch, listing.Revision, 10_000}
	for count > 0 {
		var answer Changes
		check(registry.Call("Registry.Watch", args, &answer))
		if answer.Gap {
			log.Fatal("a gap")
		}
		for _, change := range answer.Changes {
			if change.Deleted {
				fmt.Println("DELETE", change.Entry.Addr)
			} else {
				fmt.Println("PUT", change.Entry.Addr, change.Entry.Weight)
			}
			count--
		}
		args.Epoch, args.Revision = answer.Epoch, answer.Revision
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
