// Package checks has what clients of the model services check by any codec. A
// check is a line on stdout, "ok NAME" or "FAIL NAME: WHY".
//
// It is built without a go.mod, too, where Go has no generics and no any.
package checks

import (
	"fmt"
	"net/rpc"
	"os"
	"reflect"
	"sync"
	"time"

	"gobrpc.test/peers/model"
)

// Limit is the longest that a connection may be silent.
const Limit = 20 * time.Second

var failed bool

// Begin ends the program when the checks take too long.
func Begin() {
	time.AfterFunc(2*Limit, func() {
		fmt.Println("FAIL all: too slow")
		os.Exit(1)
	})
}

// End ends the program, with 1 if a check has failed.
func End() {
	if failed {
		os.Exit(1)
	}
}

// Check says how a check went.
func Check(name string, err error) {
	if err != nil {
		failed = true
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	fmt.Println("ok", name)
}

// Clients runs each check with a client of its own.
func Clients(dial func() (*rpc.Client, error), checks map[string]func(*rpc.Client) error) {
	for name, f := range checks {
		c, err := dial()
		if err == nil {
			err = f(c)
			c.Close()
		}
		Check(name, err)
	}
}

// Same fails if the two differ.
func Same(got, want interface{}) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("got %#v, want %#v", got, want)
	}
	return nil
}

// RoundTrip fails if a method does not echo a value.
func RoundTrip(c *rpc.Client, method string, value interface{}) error {
	reply := reflect.New(reflect.TypeOf(value))
	if err := c.Call(method, value, reply.Interface()); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if err := Same(reply.Elem().Interface(), value); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// Tree is a tree whose nodes all differ.
func Tree(depth int, value int64) *model.Tree {
	if depth == 0 {
		return nil
	}
	return &model.Tree{Value: value, Left: Tree(depth-1, 2*value), Right: Tree(depth-1, 2*value+1)}
}

// Concurrent has 300 calls under way at once, whose replies come in another order.
func Concurrent(c *rpc.Client) error {
	var wg sync.WaitGroup
	errs := make(chan error, 300)
	for i := int64(0); i < 300; i++ {
		i := i
		wg.Add(1)
		go func() {
			defer wg.Done()
			var tag int64
			err := c.Call("Misc.Delay", model.Delay{Millis: i % 17, Tag: i}, &tag)
			if err == nil {
				err = Same(tag, i)
			}
			if err != nil {
				errs <- err
			}
		}()
	}
	wg.Wait()
	close(errs)
	return <-errs
}
