package main

import (
	"fmt"
	"net/rpc"
	"time"
)

// The services that every server of gobrpc has, as a Go program declares them.
type (
	healthRequest struct {
		Service string
		Known   int
		Wait    time.Duration
	}
	healthResponse struct{ Status int }
	healthList     struct{ Statuses []namedStatus }
	namedStatus    struct {
		Service string
		Status  int
	}
	listing struct {
		Services []struct {
			Name, Docs string
			Methods    []struct {
				Name, Docs  string
				Args, Reply struct{ Text string }
				Streams     string
				Idempotent  bool
			}
		}
	}
)

const (
	serving        = 1
	serviceUnknown = 3
)

func builtinChecks(s *suite) {
	s.client("health_check", func(c *rpc.Client) error {
		for _, service := range []string{"", "Arith", "Echo"} {
			var reply healthResponse
			if err := c.Call("gobrpc.Health.Check", healthRequest{Service: service}, &reply); err != nil {
				return err
			}
			if err := equal(reply.Status, serving); err != nil {
				return fmt.Errorf("%q: %w", service, err)
			}
		}
		return refused(c, "gobrpc.Health.Check", healthRequest{Service: "Nobody"},
			new(healthResponse), `unknown service "Nobody"`)
	})
	s.client("health_watch", func(c *rpc.Client) error {
		var reply healthResponse
		watch := func(request healthRequest) error {
			return c.Call("gobrpc.Health.Watch", request, &reply)
		}
		// The first status comes at once, the same one only after the wait.
		if err := watch(healthRequest{Service: "Arith"}); err != nil {
			return err
		}
		if err := equal(reply.Status, serving); err != nil {
			return err
		}
		start := time.Now()
		wait := 50 * time.Millisecond
		if err := watch(healthRequest{Service: "Arith", Known: serving, Wait: wait}); err != nil {
			return err
		}
		if waited := time.Since(start); waited < wait {
			return fmt.Errorf("answered after %v", waited)
		}
		if err := watch(healthRequest{Service: "Nobody"}); err != nil {
			return err
		}
		return equal(reply.Status, serviceUnknown)
	})
	s.client("health_list", func(c *rpc.Client) error {
		var reply healthList
		if err := c.Call("gobrpc.Health.List", struct{}{}, &reply); err != nil {
			return err
		}
		found := map[string]int{}
		for _, named := range reply.Statuses {
			found[named.Service] = named.Status
		}
		for _, service := range []string{"", "Arith", "gobrpc.Health", "gobrpc.Reflection"} {
			if found[service] != serving {
				return fmt.Errorf("%q is %d in %v", service, found[service], found)
			}
		}
		return nil
	})
	s.client("reflection_list", func(c *rpc.Client) error {
		var reply listing
		if err := c.Call("gobrpc.Reflection.List", struct{}{}, &reply); err != nil {
			return err
		}
		for _, service := range reply.Services {
			if service.Name != "Arith" {
				continue
			}
			if err := equal(service.Docs, "Calculates."); err != nil {
				return err
			}
			for _, method := range service.Methods {
				if method.Name == "Multiply" {
					return first(
						equal(method.Docs, "The product of two numbers."),
						equal(method.Args.Text, "model.Args"),
						equal(method.Reply.Text, "int64"),
						equal(method.Streams, "unary"),
						equal(method.Idempotent, false),
					)
				}
			}
		}
		return fmt.Errorf("no Arith.Multiply in %+v", reply)
	})
}
