package main

import (
	"fmt"
	"math/rand"
	"net/rpc"
	"time"

	"gobrpc.test/peers/model"
)

func concurrencyChecks(s *suite) {
	s.client("delay_1000_out_of_order", func(c *rpc.Client) error {
		const n = 1000
		t0 := time.Now()
		done := make(chan *rpc.Call, n)
		for i := int64(0); i < n; i++ {
			c.Go("Misc.Delay", model.Delay{Millis: rand.Int63n(21), Tag: i}, new(int64), done)
		}
		for i := 0; i < n; i++ {
			call := <-done
			if call.Error != nil {
				return call.Error
			}
			if want, got := call.Args.(model.Delay).Tag, *call.Reply.(*int64); got != want {
				return fmt.Errorf("tag %d got %d", want, got)
			}
		}
		// One after another these calls would take some ten seconds.
		if took := time.Since(t0); took > 5*time.Second {
			return fmt.Errorf("calls do not overlap: took %v", took)
		}
		return nil
	})
	s.client("delay_is_overtaken", func(c *rpc.Client) error {
		slow := c.Go("Misc.Delay", model.Delay{Millis: 500, Tag: 1}, new(int64), nil)
		if err := alive(c); err != nil {
			return err
		}
		select {
		case <-slow.Done:
			return fmt.Errorf("a quick call waited for a slow one")
		default:
		}
		<-slow.Done
		return first(slow.Error, equal(*slow.Reply.(*int64), 1))
	})
	s.client("pipeline_10000", func(c *rpc.Client) error {
		const n = 10000
		done := make(chan *rpc.Call, n)
		for i := int64(0); i < n; i++ {
			if i%3 == 2 {
				c.Go("Arith.Divide", model.Args{A: i, B: i % 2}, new(model.Quotient), done)
			} else {
				c.Go("Arith.Multiply", model.Args{A: i, B: i}, new(int64), done)
			}
		}
		for i := 0; i < n; i++ {
			if err := settled(<-done); err != nil {
				return err
			}
		}
		return alive(c)
	})
	s.check("clients_16_at_once", func() error {
		const n = 16
		errs := make(chan error, n)
		for i := int64(0); i < n; i++ {
			go func(i int64) {
				c, err := s.dial()
				if err != nil {
					errs <- err
					return
				}
				defer c.Close()
				for k := int64(0); k < 100 && err == nil; k++ {
					err = multiply(c, i, k)
				}
				errs <- err
			}(i)
		}
		for i := 0; i < n; i++ {
			if err := <-errs; err != nil {
				return err
			}
		}
		return nil
	})
	s.check("connections_200_one_after_another", func() error {
		for i := 0; i < 200; i++ {
			c, err := s.dial()
			if err != nil {
				return err
			}
			if err := first(alive(c), c.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	s.check("client_leaves_with_calls_running", func() error {
		c, err := s.dial()
		if err != nil {
			return err
		}
		for i := int64(0); i < 50; i++ {
			c.Go("Misc.Delay", model.Delay{Millis: 50, Tag: i}, new(int64), make(chan *rpc.Call, 1))
		}
		c.Close()
		time.Sleep(100 * time.Millisecond)
		if c, err = s.dial(); err != nil {
			return err
		}
		return first(alive(c), c.Close())
	})
	services := []func(*rpc.Client) error{
		alive,
		func(c *rpc.Client) error { return echo(c, "Tree", *balanced(7)) },
		func(c *rpc.Client) error { return echo(c, "Nested", model.Nested{ID: 1}) },
		func(c *rpc.Client) error { return c.Call("Misc.Nothing", struct{}{}, new(struct{})) },
		func(c *rpc.Client) error {
			return refused(c, "Arith.Divide", model.Args{}, new(model.Quotient), "divide by zero")
		},
	}
	for i := range services {
		s.client(fmt.Sprint("services_in_order_", i), func(c *rpc.Client) error {
			for k := 0; k < 2*len(services); k++ {
				// Both directions: each has its own order of type definitions.
				next := (i + k) % len(services)
				if i%2 == 1 {
					next = len(services) - 1 - next
				}
				if err := services[next](c); err != nil {
					return fmt.Errorf("step %d: %w", k, err)
				}
			}
			return nil
		})
	}
}

// settled checks the outcome of one of the pipelined calls.
func settled(call *rpc.Call) error {
	args := call.Args.(model.Args)
	if reply, ok := call.Reply.(*int64); ok {
		return first(call.Error, equal(*reply, args.A*args.B))
	}
	if args.B == 0 {
		if call.Error == nil || call.Error.Error() != "divide by zero" {
			return fmt.Errorf("%+v: got error %v", args, call.Error)
		}
		return nil
	}
	return first(call.Error, equal(*call.Reply.(*model.Quotient), model.Quotient{Quo: args.A, Rem: 0}))
}
