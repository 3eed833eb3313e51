package main

import (
	"fmt"
	"math"
	"net/rpc"

	"gobrpc.test/peers/model"
)

func arithChecks(s *suite) {
	s.client("multiply_serial_100", func(c *rpc.Client) error {
		for i := int64(0); i < 100; i++ {
			if err := multiply(c, i, i-50); err != nil {
				return fmt.Errorf("call %d: %w", i, err)
			}
		}
		return nil
	})
	s.client("multiply_extremes", func(c *rpc.Client) error {
		return first(
			multiply(c, 0, 0),
			multiply(c, math.MaxInt64, 1),
			multiply(c, math.MinInt64, 1),
			multiply(c, math.MaxInt64, math.MaxInt64),
			multiply(c, math.MinInt64, -1),
		)
	})
	s.client("divide", func(c *rpc.Client) error {
		var q model.Quotient
		if err := c.Call("Arith.Divide", model.Args{A: 17, B: -5}, &q); err != nil {
			return err
		}
		if want := (model.Quotient{Quo: -3, Rem: 2}); q != want {
			return fmt.Errorf("got %+v, want %+v", q, want)
		}
		return nil
	})
	s.client("divide_zero_reply", func(c *rpc.Client) error {
		var q model.Quotient
		if err := c.Call("Arith.Divide", model.Args{A: 0, B: 3}, &q); err != nil {
			return err
		}
		return equal(q, model.Quotient{})
	})
	s.client("pointer_args", func(c *rpc.Client) error {
		args := &model.Args{A: 6, B: 7}
		return first(product(c, args, 42), product(c, &args, 42))
	})
	s.client("pointer_fields", func(c *rpc.Client) error {
		a, b := int64(6), int64(7)
		return product(c, struct{ A, B *int64 }{&a, &b}, 42)
	})
	s.client("narrow_field_types", func(c *rpc.Client) error {
		return product(c, struct {
			A int8
			B int32
		}{-6, 7}, -42)
	})
	s.client("fields_in_other_order", func(c *rpc.Client) error {
		q := new(model.Quotient)
		args := struct{ B, A int64 }{A: 20, B: 6}
		return first(c.Call("Arith.Divide", args, q), equal(*q, model.Quotient{Quo: 3, Rem: 2}))
	})
	s.client("missing_field_is_zero", func(c *rpc.Client) error {
		// A stale field of the call before must not show.
		return first(multiply(c, 6, 7), product(c, struct{ A int64 }{6}, 0))
	})
	s.client("zero_field_is_not_stale", func(c *rpc.Client) error {
		return first(multiply(c, 6, 7), multiply(c, 0, 7), multiply(c, 6, 0))
	})
	s.client("empty_struct_args", func(c *rpc.Client) error {
		return product(c, struct{}{}, 0)
	})
}
