package main

import (
	"fmt"
	"io"
	"math"
	"net/rpc"

	"gobrpc.test/peers/model"
)

// extended is a request header with the fields of our own peers, less Caps,
// which alone asks for extended replies.
type extended struct {
	ServiceMethod string
	Seq           uint64
	Error         string
	Kind          uint64
	Flags         uint64
	Timeout       int64
	Meta          []string
	Ref           uint64
	Credit        uint64
	Code          uint64
	Enc           string
}

// cancelArgs is the argument of "_goRPC_.Cancel", as the fork
// github.com/keegancsmith/rpc sends it.
type cancelArgs struct{ Seq uint64 }

// foreign is a request header with fields that nobody knows.
type foreign struct {
	Trace         map[string]model.Inner
	Seq           uint64
	Any           any
	ServiceMethod string
	Later         [2]Shape
}

func headerChecks(s *suite) {
	s.wire("wire_half_close", func(w *wire) error {
		const n = 100
		for i := int64(0); i < n; i++ {
			if err := w.request("Misc.Delay", uint64(i), model.Delay{Millis: 20, Tag: i}); err != nil {
				return err
			}
		}
		if err := w.closeWrite(); err != nil {
			return err
		}
		seen := make(map[uint64]bool)
		for i := 0; i < n; i++ {
			h, err := w.header()
			if err != nil {
				return fmt.Errorf("after %d replies: %w", i, err)
			}
			var tag int64
			if err := first(w.dec.Decode(&tag), equal(h.Error, ""), equal(uint64(tag), h.Seq)); err != nil {
				return err
			}
			if seen[h.Seq] {
				return fmt.Errorf("two replies to %d", h.Seq)
			}
			seen[h.Seq] = true
		}
		if _, err := w.header(); err != io.EOF {
			return fmt.Errorf("after all replies: got %v, want EOF", err)
		}
		return nil
	})
	s.wire("wire_half_close_at_once", func(w *wire) error {
		return first(w.closeWrite(), w.closed())
	})
	s.wire("wire_response_definition", func(w *wire) error {
		if err := w.request("Arith.Multiply", 0, model.Args{A: 6, B: 7}); err != nil {
			return err
		}
		return plainResponse(w)
	})
	s.wire("wire_response_definition_of_error", func(w *wire) error {
		if err := w.request("Arith.Nope", 0, model.Args{A: 6, B: 7}); err != nil {
			return err
		}
		return plainResponse(w)
	})
	s.wire("wire_response_definition_of_extended", func(w *wire) error {
		h := extended{ServiceMethod: "Arith.Multiply", Seq: 1, Timeout: 1e10, Meta: []string{"k", "v"}}
		if err := w.send(h, model.Args{A: 6, B: 7}); err != nil {
			return err
		}
		return plainResponse(w)
	})
	s.wire("wire_error_body_is_empty_struct", func(w *wire) error {
		for seq := uint64(0); seq < 3; seq++ {
			want := rpc.Response{ServiceMethod: "Arith.Divide", Seq: seq, Error: "divide by zero"}
			if err := first(
				w.request("Arith.Divide", seq, model.Args{A: 1}),
				w.expect(want, nil),
				w.product(seq, 6, 7),
			); err != nil {
				return err
			}
		}
		return nil
	})
	s.wire("wire_duplicate_seq", func(w *wire) error {
		return first(
			w.request("Arith.Multiply", 5, model.Args{A: 6, B: 7}),
			w.request("Arith.Multiply", 5, model.Args{A: 7, B: 6}),
			w.expectProduct(5, 42),
			w.expectProduct(5, 42),
			w.product(6, 1, 1),
		)
	})
	s.wire("wire_seq_sizes", func(w *wire) error {
		for _, seq := range []uint64{
			0, 1, 127, 128, 255, 256, 1 << 16, math.MaxUint32, 1 << 32, math.MaxInt64, 1 << 63,
			math.MaxUint64 - 1, math.MaxUint64, 0,
		} {
			if err := w.product(seq, 6, 7); err != nil {
				return fmt.Errorf("seq %d: %w", seq, err)
			}
		}
		return nil
	})
	s.wire("wire_seq_zero_after_others", func(w *wire) error {
		return first(w.product(9, 6, 7), w.product(0, 6, 7), w.product(0, 2, 3))
	})
	s.wire("wire_seq_in_error_reply", func(w *wire) error {
		want := rpc.Response{ServiceMethod: "x", Seq: math.MaxUint64, Error: "rpc: service/method request ill-formed: x"}
		return first(w.request("x", math.MaxUint64, 1), w.expect(want, nil), w.product(0, 6, 7))
	})
	s.wire("wire_extended_header", func(w *wire) error {
		for seq := uint64(0); seq < 5; seq++ {
			h := extended{
				ServiceMethod: "Arith.Multiply", Seq: seq,
				Timeout: 1e10, Meta: []string{"traceparent", "00-\xff"},
			}
			if err := first(
				w.send(h, model.Args{A: 6, B: 7}),
				w.expectProduct(seq, 42),
			); err != nil {
				return err
			}
		}
		return nil
	})
	s.wire("wire_control_kinds_without_caps_are_calls", func(w *wire) error {
		for seq, kind := range []uint64{1, 2, 3, 4, 5, 6, 7, 99} {
			h := extended{ServiceMethod: "Arith.Multiply", Seq: uint64(seq), Kind: kind, Ref: 7, Credit: 1 << 40}
			if err := first(
				w.send(h, model.Args{A: 6, B: 7}),
				w.expectProduct(uint64(seq), 42),
			); err != nil {
				return err
			}
		}
		return nil
	})
	if s.beyond {
		s.wire("wire_time_is_up", func(w *wire) error {
			const late = "the call's time was up before it was begun"
			for seq, timeout := range []int64{-1, 1, math.MinInt64} {
				h := extended{ServiceMethod: "Arith.Multiply", Seq: uint64(seq), Timeout: timeout}
				want := rpc.Response{ServiceMethod: "Arith.Multiply", Seq: uint64(seq), Error: late}
				if err := first(
					w.send(h, model.Args{A: 6, B: 7}),
					w.expect(want, nil),
					w.product(100, 6, 7),
				); err != nil {
					return err
				}
			}
			h := extended{ServiceMethod: "Arith.Multiply", Seq: 9, Timeout: math.MaxInt64}
			return first(w.send(h, model.Args{A: 6, B: 7}), w.expectProduct(9, 42))
		})
		s.wire("wire_time_is_up_while_it_runs", func(w *wire) error {
			h := extended{ServiceMethod: "Misc.Delay", Seq: 1, Timeout: 2e7}
			want := rpc.Response{ServiceMethod: "Misc.Delay", Seq: 1, Error: "the call's time is up"}
			return first(
				w.send(h, model.Delay{Millis: 60_000}),
				w.expect(want, nil),
				w.product(2, 6, 7),
			)
		})
		s.wire("wire_cancel_of_the_fork", func(w *wire) error {
			told := true
			if err := first(
				w.request("Misc.Delay", 7, model.Delay{Millis: 60_000}),
				w.product(8, 6, 7),
				w.request("_goRPC_.Cancel", 9, cancelArgs{7}),
				w.expect(rpc.Response{ServiceMethod: "_goRPC_.Cancel", Seq: 9}, &told),
			); err != nil {
				return err
			}
			want := rpc.Response{ServiceMethod: "Misc.Delay", Seq: 7, Error: "the caller cancelled the call"}
			return first(
				w.expect(want, nil),
				// Of what does not run there is nothing to cancel.
				w.request("_goRPC_.Cancel", 10, cancelArgs{7}),
				w.expect(rpc.Response{ServiceMethod: "_goRPC_.Cancel", Seq: 10}, &told),
				w.product(11, 6, 7),
			)
		})
		s.client("hello_and_cancel_by_gos_client", func(c *rpc.Client) error {
			slow := c.Go("Misc.Delay", model.Delay{Millis: 60_000}, new(int64), nil)
			var told bool
			if err := first(
				c.Call("_goRPC_.Hello", struct{}{}, &struct{}{}),
				c.Call("_goRPC_.Cancel", cancelArgs{0}, &told),
				equal(told, true),
			); err != nil {
				return err
			}
			<-slow.Done
			if slow.Error == nil || slow.Error.Error() != "the caller cancelled the call" {
				return fmt.Errorf("got %v", slow.Error)
			}
			return alive(c)
		})
	}
	s.wire("wire_two_header_types", func(w *wire) error {
		h := extended{ServiceMethod: "Arith.Multiply", Seq: 1}
		return first(
			w.product(0, 1, 2),
			w.send(h, model.Args{A: 6, B: 7}), w.expectProduct(1, 42),
			w.product(2, 3, 4),
		)
	})
	s.wire("wire_foreign_header", func(w *wire) error {
		h := foreign{
			Trace: map[string]model.Inner{"t": {Name: "x"}}, Seq: 3, Any: Shape{Sides: 3},
			ServiceMethod: "Arith.Multiply",
		}
		return first(
			w.send(h, model.Args{A: 6, B: 7}), w.expectProduct(3, 42),
			w.send(h, model.Args{A: 6, B: 7}), w.expectProduct(3, 42),
		)
	})
	s.wire("wire_header_method_elided", func(w *wire) error {
		want := rpc.Response{Error: "rpc: service/method request ill-formed: "}
		return first(w.product(1, 6, 7), w.request("", 0, 1), w.expect(want, nil), w.product(2, 6, 7))
	})
	s.wire("wire_bad_body_keeps_stream", func(w *wire) error {
		for seq := uint64(0); seq < 3; seq++ {
			if err := w.request("Arith.Multiply", seq, "no"); err != nil {
				return err
			}
			h, err := w.header()
			if err != nil {
				return err
			}
			if h.Error == "" || h.Seq != seq {
				return fmt.Errorf("got header %+v, want an error", h)
			}
			if err := first(w.skip(), w.product(seq, 6, 7)); err != nil {
				return err
			}
		}
		return nil
	})
	s.wire("wire_pipelined_then_read", func(w *wire) error {
		// Far less than the socket buffers hold, but before any reply is read.
		for seq := uint64(0); seq < 500; seq++ {
			if err := w.request("Arith.Multiply", 1, model.Args{A: 6, B: 7}); err != nil {
				return err
			}
		}
		for seq := uint64(0); seq < 500; seq++ {
			if err := w.expectProduct(1, 42); err != nil {
				return err
			}
		}
		return nil
	})
	s.wire("wire_one_byte_at_a_time", func(w *wire) error {
		w.enc = newEncoder(trickle{w.conn})
		return first(w.product(0, 6, 7), w.product(1, 6, 7))
	})
}
