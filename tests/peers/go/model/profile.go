package model

import (
	"math/big"
	"net"
	"net/netip"
	"time"
)

// Profile has the types that encoding/json writes in a way of their own, and
// names of two words.
type Profile struct {
	UserName  string
	CreatedAt time.Time
	Avatar    []byte
	HomeIP    net.IP
	Address   netip.Addr
	Total     *big.Int
	Share     *big.Rat
	Counts    map[int64]string
	NickName  *string
	TimeLimit time.Duration
	Held      any
	Pair      [2]int64
}

// Shapes echoes what has a form of its own in JSON.
type Shapes struct{}

// Profile echoes a profile.
func (Shapes) Profile(arg Profile, reply *Profile) error { *reply = arg; return nil }
