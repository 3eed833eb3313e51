// Package model holds the argument types that the Go peers share.
package model

// Args are the operands of Arith.
type Args struct{ A, B int64 }

// Quotient is the reply of Arith.Divide.
type Quotient struct{ Quo, Rem int64 }

// Inner is a small leaf struct.
type Inner struct {
	Name  string
	Score float64
}

// Nested has one field of each common shape.
type Nested struct {
	ID    uint64
	Title string
	Inner Inner
	Ptr   *Inner
	List  []Inner
	Dict  map[string]Inner
	Raw   []byte
	Flags [3]bool
}

// Tree is a recursive type.
type Tree struct {
	Value       int64
	Left, Right *Tree
}

// Delay asks Misc.Delay to reply with Tag after Millis.
type Delay struct {
	Millis int64
	Tag    int64
}
