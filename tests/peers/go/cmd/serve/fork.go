package main

import (
	"bufio"
	"context"
	"encoding/gob"
	"io"
	"log"
	"net"
	"net/rpc"
	"sync"
	"sync/atomic"
	"time"

	"gobrpc.test/peers/model"
)

// A server as that of github.com/keegancsmith/rpc, as far as it differs from Go's:
// handlers have a context, and the method Cancel of the service _goRPC_ ends that of
// another call of the same connection.

// pending has what ends the calls of a connection, by their numbers.
type pending struct {
	mu     sync.Mutex
	cancel map[uint64]context.CancelFunc
}

func (p *pending) start(seq uint64) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel[seq] = cancel
	return ctx
}

func (p *pending) end(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel := p.cancel[seq]; cancel != nil {
		cancel()
		delete(p.cancel, seq)
	}
}

// CancelArgs says which call to end.
type CancelArgs struct {
	Seq     uint64
	pending *pending
}

// forkRPC is the service _goRPC_.
type forkRPC struct{}

// Cancel ends the context of a call.
func (forkRPC) Cancel(args *CancelArgs, reply *bool) error {
	args.pending.end(args.Seq)
	return nil
}

// ForkDelay is a model.Delay that can be ended.
type ForkDelay struct {
	Millis, Tag int64
	ctx         context.Context
}

// forkMisc is the service Misc, or what of it takes time.
type forkMisc struct{ ended atomic.Int64 }

// Delay answers the tag after a while, unless its caller gives up.
func (m *forkMisc) Delay(args *ForkDelay, reply *int64) error {
	select {
	case <-time.After(time.Duration(args.Millis) * time.Millisecond):
		*reply = args.Tag
		return nil
	case <-args.ctx.Done():
		m.ended.Add(1)
		return args.ctx.Err()
	}
}

// Ended answers how many calls were ended.
func (m *forkMisc) Ended(_ struct{}, reply *int64) error {
	*reply = m.ended.Load()
	return nil
}

// forkCodec is Go's own codec, which net/rpc does not export, and gives arguments what
// belongs to their call.
type forkCodec struct {
	io.Closer
	dec     *gob.Decoder
	enc     *gob.Encoder
	out     *bufio.Writer
	pending *pending
	seq     uint64
}

func (c *forkCodec) ReadRequestHeader(r *rpc.Request) error {
	err := c.dec.Decode(r)
	c.seq = r.Seq
	return err
}

func (c *forkCodec) ReadRequestBody(body any) error {
	err := c.dec.Decode(body)
	switch args := body.(type) {
	case *CancelArgs:
		args.pending = c.pending
	case *ForkDelay:
		args.ctx = c.pending.start(c.seq)
	}
	return err
}

func (c *forkCodec) WriteResponse(r *rpc.Response, body any) error {
	c.pending.end(r.Seq)
	if err := c.enc.Encode(r); err != nil {
		return err
	}
	if err := c.enc.Encode(body); err != nil {
		return err
	}
	return c.out.Flush()
}

// acceptFork is rpc.Accept for such a server.
func acceptFork(listener net.Listener) {
	server := rpc.NewServer()
	for name, service := range map[string]any{
		"_goRPC_": forkRPC{}, "Misc": new(forkMisc), "Arith": model.Arith{},
	} {
		if err := server.RegisterName(name, service); err != nil {
			log.Fatal(err)
		}
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		out := bufio.NewWriter(conn)
		go server.ServeCodec(&forkCodec{
			Closer: conn, dec: gob.NewDecoder(conn), enc: gob.NewEncoder(out), out: out,
			pending: &pending{cancel: make(map[uint64]context.CancelFunc)},
		})
	}
}
