package model

import (
	"errors"
	"net/rpc"
	"time"
)

// Arith is the service of the net/rpc documentation.
type Arith struct{}

// Multiply sets reply to A*B.
func (Arith) Multiply(args Args, reply *int64) error {
	*reply = args.A * args.B
	return nil
}

// Divide fails when B is zero.
func (Arith) Divide(args *Args, reply *Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	reply.Quo, reply.Rem = args.A/args.B, args.A%args.B
	return nil
}

// Echo returns each argument unchanged.
type Echo struct{}

// String echoes a string, which need not be UTF-8.
func (Echo) String(arg string, reply *string) error { *reply = arg; return nil }

// Bytes echoes bytes.
func (Echo) Bytes(arg []byte, reply *[]byte) error { *reply = arg; return nil }

// Nested echoes a struct.
func (Echo) Nested(arg Nested, reply *Nested) error { *reply = arg; return nil }

// Tree echoes a recursive value.
func (Echo) Tree(arg Tree, reply *Tree) error { *reply = arg; return nil }

// Dict echoes a map.
func (Echo) Dict(arg map[string]int64, reply *map[string]int64) error { *reply = arg; return nil }

// Floats echoes floating-point numbers.
func (Echo) Floats(arg []float64, reply *[]float64) error { *reply = arg; return nil }

// Kind is a number with a name of its own.
type Kind uint8

// Names is a map with one.
type Names map[int]string

// Kind echoes a number.
func (Echo) Kind(arg Kind, reply *Kind) error { *reply = arg; return nil }

// Names echoes a map.
func (Echo) Names(arg Names, reply *Names) error { *reply = arg; return nil }

// Misc has the calls that probe timing and edge cases.
type Misc struct{}

// Delay sleeps, then returns the tag.
func (Misc) Delay(arg Delay, reply *int64) error {
	time.Sleep(time.Duration(arg.Millis) * time.Millisecond)
	*reply = arg.Tag
	return nil
}

// Fail returns an error with the given text. An empty text is a success on
// the wire, with a zero reply.
func (Misc) Fail(text string, _ *int64) error { return errors.New(text) }

// Nothing takes and returns nothing.
func (Misc) Nothing(struct{}, *struct{}) error { return nil }

// Register adds every service to server.
func Register(server *rpc.Server) error {
	for _, service := range []any{Arith{}, Echo{}, Misc{}, Shapes{}} {
		if err := server.Register(service); err != nil {
			return err
		}
	}
	return nil
}
