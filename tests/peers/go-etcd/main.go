// Command go-etcd uses etcd's own client, and its package naming/endpoints:
//
//	go-etcd add     adds an endpoint at -addr below -target, until stdin ends
//	go-etcd list    prints the endpoints below -target
//	go-etcd watch   prints changes until it has seen -count of them
//	go-etcd resolve dials what gRPC's resolver of etcd finds, and prints that
//
// It is no part of the module of the other peers: Debian's sources of etcd's client
// build it, in GOPATH mode (tests/setup-registries.sh etcd-go).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	grpcresolver "google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
)

func main() {
	log.SetFlags(0)
	flags := flag.NewFlagSet("go-etcd", flag.ExitOnError)
	at := flags.String("etcd", "", "address of etcd")
	target := flags.String("target", "", "what the keys begin with")
	addr := flags.String("addr", "", "address of the endpoint")
	count := flags.Int("count", 1, "changes to wait for")
	if len(os.Args) < 2 {
		log.Fatal("add, list, watch or resolve?")
	}
	flags.Parse(os.Args[2:])
	client, err := clientv3.New(clientv3.Config{
		Endpoints: strings.Split(*at, ","), DialTimeout: 10 * time.Second,
	})
	check(err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	manager, err := endpoints.NewManager(client, *target)
	check(err)

	switch os.Args[1] {
	case "add":
		lease, err := client.Grant(ctx, 5)
		check(err)
		alive, err := client.KeepAlive(ctx, lease.ID)
		check(err)
		go func() {
			for range alive {
			}
		}()
		endpoint := endpoints.Endpoint{Addr: *addr, Metadata: map[string]string{"language": "Go"}}
		key := *target + "/" + *addr
		check(manager.AddEndpoint(ctx, key, endpoint, clientv3.WithLease(lease.ID)))
		fmt.Println("LISTEN", *addr)
		io.Copy(io.Discard, os.Stdin)
		check(manager.DeleteEndpoint(ctx, key))
	case "list":
		all, err := manager.List(ctx)
		check(err)
		var keys []string
		for key := range all {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			fmt.Println(key, all[key].Addr, all[key].Metadata)
		}
	case "watch":
		changes, err := manager.NewWatchChannel(ctx)
		check(err)
		fmt.Println("WATCH")
		for seen := 0; seen < *count; {
			updates, open := <-changes
			if !open {
				log.Fatal("the watch is over")
			}
			for _, update := range updates {
				fmt.Println([]string{"ADD", "DELETE"}[update.Op], update.Key, update.Endpoint.Addr)
				seen++
			}
		}
	case "resolve":
		builder, err := resolver.NewBuilder(client)
		check(err)
		found := make(found, 16)
		var to grpcresolver.Target
		check(to.URL.UnmarshalBinary([]byte("etcd:///" + *target)))
		running, err := builder.Build(to, found, grpcresolver.BuildOptions{})
		check(err)
		defer running.Close()
		select {
		case state := <-found:
			for _, address := range state.Addresses {
				fmt.Println(address.Addr)
			}
			for _, endpoint := range state.Endpoints {
				for _, address := range endpoint.Addresses {
					fmt.Println(address.Addr)
				}
			}
		case <-ctx.Done():
			log.Fatal("nothing was resolved")
		}
	}
}

// found takes what a resolver finds, in the place of a gRPC connection.
type found chan grpcresolver.State

func (f found) UpdateState(state grpcresolver.State) error { f <- state; return nil }
func (f found) ReportError(err error)                      { log.Fatal(err) }
func (f found) NewAddress(all []grpcresolver.Address)      { f <- grpcresolver.State{Addresses: all} }
func (f found) NewServiceConfig(string)                    {}
func (f found) ParseServiceConfig(string) *serviceconfig.ParseResult {
	return &serviceconfig.ParseResult{}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
