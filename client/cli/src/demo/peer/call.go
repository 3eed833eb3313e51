package main

import (
	"errors"
	"fmt"
	"net/rpc"
	"time"
)

// call makes calls on one connection, 16 at a time, and prints a line for each:
// "CALL addr microseconds ok" or "CALL addr microseconds error text".
func call(addr string, calls int) error {
	client, err := rpc.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer client.Close()

	// What a handler refuses comes back as Go's own error type.
	var quote Quote
	var refused rpc.ServerError
	err = client.Call("Pricing.Quote", Order{Item: "moon", Count: 1}, &quote)
	if !errors.As(err, &refused) || string(refused) != "no moon is sold here" {
		return fmt.Errorf("a refused call gave %v", err)
	}

	slots := make(chan bool, 16)
	lines := make(chan string)
	for n := 0; n < calls; n++ {
		go func(n int) {
			slots <- true
			defer func() { <-slots }()
			order := Order{Item: []string{"apple", "pear", "quince"}[n%3], Count: n}
			want, _ := price(order)
			var quote Quote
			start := time.Now()
			err := client.Call("Pricing.Quote", order, &quote)
			took := time.Since(start).Microseconds()
			if err == nil && quote.Cents != want {
				err = fmt.Errorf("%d cents instead of %d", quote.Cents, want)
			}
			if err != nil {
				lines <- fmt.Sprintf("CALL %s %d error %v", addr, took, err)
			} else {
				lines <- fmt.Sprintf("CALL %s %d ok", addr, took)
			}
		}(n)
	}
	for n := 0; n < calls; n++ {
		fmt.Println(<-lines)
	}
	return nil
}
