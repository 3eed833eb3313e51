package main

import (
	"fmt"
	"net/rpc"

	"gobrpc.test/peers/model"
)

func errorChecks(s *suite) {
	args := model.Args{A: 1}
	refusals := []struct{ name, method, text string }{
		{"error_divide_by_zero", "Arith.Divide", "divide by zero"},
		{"error_unknown_service", "Nope.Foo", "rpc: can't find service Nope.Foo"},
		{"error_unknown_service_dots", "a.b.C", "rpc: can't find service a.b.C"},
		{"error_unknown_method", "Arith.Nope", "rpc: can't find method Arith.Nope"},
		{"error_method_case", "Arith.multiply", "rpc: can't find method Arith.multiply"},
		{"error_no_method", "Arith.", "rpc: can't find method Arith."},
		{"error_ill_formed", "nodot", "rpc: service/method request ill-formed: nodot"},
		{"error_empty_name", "", "rpc: service/method request ill-formed: "},
		{"error_only_dot", ".", "rpc: can't find service ."},
	}
	for _, r := range refusals {
		s.client(r.name, func(c *rpc.Client) error {
			return first(
				refused(c, r.method, args, new(model.Quotient), r.text),
				refused(c, r.method, args, new(model.Quotient), r.text),
			)
		})
	}
	s.client("error_all_on_one_connection", func(c *rpc.Client) error {
		for _, r := range refusals {
			if err := refused(c, r.method, args, new(model.Quotient), r.text); err != nil {
				return err
			}
		}
		return nil
	})
	s.client("error_unknown_method_large_body", func(c *rpc.Client) error {
		body := struct {
			Tree *model.Tree
			Raw  []byte
		}{balanced(1023), make([]byte, 1<<20)}
		return refused(c, "Arith.Nope", body, new(int64), "rpc: can't find method Arith.Nope")
	})
	s.client("fail_text", func(c *rpc.Client) error {
		for _, text := range []string{"x", "line one\nline two", "héllo ☃", "quote \" and tab \t"} {
			if err := refused(c, "Misc.Fail", text, new(int64), text); err != nil {
				return err
			}
		}
		return nil
	})
	s.client("fail_long_text", func(c *rpc.Client) error {
		text := fmt.Sprintf("%070000d", 1)
		return refused(c, "Misc.Fail", text, new(int64), text)
	})
	s.client("fail_empty_text_is_success", func(c *rpc.Client) error {
		reply := int64(-1)
		return first(c.Call("Misc.Fail", "", &reply), equal(reply, 0), alive(c))
	})
	s.client("nothing", func(c *rpc.Client) error {
		return first(
			c.Call("Misc.Nothing", struct{}{}, new(struct{})),
			c.Call("Misc.Nothing", struct{}{}, nil),
			alive(c),
		)
	})
	s.client("nothing_with_fields", func(c *rpc.Client) error {
		return first(c.Call("Misc.Nothing", model.Args{A: 1, B: 2}, new(struct{})), alive(c))
	})
}
