// Command stream is a Go net/rpc client that calls streaming methods, which
// net/rpc does not have. It exits 1 unless each call fails by itself.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/rpc"
	"os"
	"strings"

	"gobrpc.test/peers/model"
)

func main() {
	addr := flag.String("addr", "", "address of the server")
	flag.Parse()
	client, err := rpc.Dial("tcp", *addr)
	if err != nil {
		fail(err)
	}
	if err := reflected(client); err != nil {
		fail(err)
	}
	for i := 0; i < 3; i++ {
		for method, args := range map[string]any{
			"Flow.Count":  uint64(4),
			"Flow.Sum":    uint64(4),
			"Flow.Double": struct{}{},
			"Flow.Blocks": "no number",
		} {
			var reply uint64
			err := client.Call(method, args, &reply)
			var told rpc.ServerError
			if !errors.As(err, &told) || !strings.Contains(string(told), "is a streaming method") {
				fail(fmt.Errorf("%s: %w", method, err))
			}
		}
		var product int64
		if err := client.Call("Arith.Multiply", model.Args{A: 6, B: 7}, &product); err != nil || product != 42 {
			fail(fmt.Errorf("the connection is dead: %d, %w", product, err))
		}
	}
}

// reflected checks that the server tells which methods are streams.
func reflected(client *rpc.Client) error {
	var reply struct {
		Services []struct {
			Name    string
			Methods []struct {
				Name    string
				Args    struct{ Text string }
				Reply   struct{ Text string }
				Streams string
			}
		}
	}
	if err := client.Call("gobrpc.Reflection.List", struct{}{}, &reply); err != nil {
		return err
	}
	found := map[string]string{}
	for _, service := range reply.Services {
		for _, method := range service.Methods {
			found[service.Name+"."+method.Name] = method.Streams + ": " + method.Args.Text + ", " + method.Reply.Text
		}
	}
	for method, want := range map[string]string{
		"Flow.Count":   "server: uint64, uint64",
		"Flow.Sum":     "client: uint64, uint64",
		"Flow.Double":  "both: int64, int64",
		"Flow.Blocks":  "server: uint64, []uint8",
		"Flow.Running": "unary: struct {}, uint64",
	} {
		if found[method] != want {
			return fmt.Errorf("%s is told to be %q, not %q", method, found[method], want)
		}
	}
	return nil
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}
