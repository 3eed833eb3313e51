package main

import (
	"errors"
	"fmt"
	"net/rpc"
	"strings"
	"time"

	"gobrpc.test/peers/model"
)

// limit is how long any one check may take; after a few that take longer,
// the rest are not worth the wait.
const (
	limit      = 2 * time.Minute
	mayTimeOut = 3
)

// suite knows the server under test and counts results.
type suite struct {
	network, addr, mode      string
	only, skip               string
	ca, cert, key, name      string
	beyond                   bool
	passed, failed, timedOut int
}

// check runs one named check and prints its line.
func (s *suite) check(name string, f func() error) {
	if !strings.Contains(name, s.only) {
		return
	}
	for _, part := range strings.Split(s.skip, ",") {
		if part != "" && strings.Contains(name, part) {
			return
		}
	}
	if s.timedOut >= mayTimeOut {
		s.failed++
		fmt.Printf("FAIL %s: not run: too many checks timed out\n", name)
		return
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- f()
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(limit):
		s.timedOut++
		err = fmt.Errorf("still running after %v", limit)
	}
	if err == nil {
		s.passed++
		fmt.Println("ok", name)
		return
	}
	s.failed++
	fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
}

// client runs a check that has a fresh connection of its own.
func (s *suite) client(name string, f func(*rpc.Client) error) {
	s.check(name, func() error {
		c, err := s.dial()
		if err != nil {
			return err
		}
		defer c.Close()
		return f(c)
	})
}

// wire runs a check that has a fresh raw connection of its own.
func (s *suite) wire(name string, f func(*wire) error) {
	s.check(name, func() error {
		w, err := s.dialWire()
		if err != nil {
			return err
		}
		defer w.conn.Close()
		return f(w)
	})
}

func (s *suite) dial() (*rpc.Client, error) {
	if s.mode == "http" {
		return rpc.DialHTTP(s.network, s.addr)
	}
	if s.mode == "tls" {
		conn, err := s.dialTLS()
		if err != nil {
			return nil, err
		}
		return rpc.NewClient(conn), nil
	}
	return rpc.Dial(s.network, s.addr)
}

// alive checks that a connection still serves calls.
func alive(c *rpc.Client) error {
	if err := multiply(c, 12, -34); err != nil {
		return fmt.Errorf("connection is dead afterwards: %w", err)
	}
	return nil
}

func multiply(c *rpc.Client, a, b int64) error {
	return product(c, model.Args{A: a, B: b}, a*b)
}

// product calls Arith.Multiply with any args and checks the reply.
func product(c *rpc.Client, args any, want int64) error {
	reply := int64(-1)
	// A zero reply is sent, but let a stale one show.
	if err := c.Call("Arith.Multiply", args, &reply); err != nil {
		return err
	}
	if reply != want {
		return fmt.Errorf("got %d, want %d", reply, want)
	}
	return nil
}

// refused checks that a call fails with an error reply of exactly the given
// text, or of any text when that is "", and that the connection lives on.
func refused(c *rpc.Client, method string, args, reply any, text string) error {
	err := c.Call(method, args, reply)
	if err == nil {
		return fmt.Errorf("%s succeeded, want an error", method)
	}
	var reported rpc.ServerError
	if !errors.As(err, &reported) {
		return fmt.Errorf("%s: not an error reply: %w", method, err)
	}
	if text != "" && string(reported) != text {
		return fmt.Errorf("%s: got error %q, want %q", method, string(reported), text)
	}
	return alive(c)
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
