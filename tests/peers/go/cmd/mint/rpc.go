package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/rpc"
	"os"
	"os/exec"

	"gobrpc.test/peers/model"
)

const conversation = `calls, one after another: Multiply{7, 6}, Divide{1, 0} (error), Divide{17, 5}, Nope.Foo{1, 2} (error), Multiply{0, 0}; Args, Quotient of package model`

func rpcSamples() []sample {
	return []sample{
		{name: "rpc_client_stream", note: "what rpc.Client writes for Seq 0 to 4; " + conversation, raw: func() ([]byte, error) {
			sent, _, err := converse()
			return sent, err
		}},
		{name: "rpc_server_stream", note: "what rpc.Server writes for Seq 0 to 4; " + conversation, raw: func() ([]byte, error) {
			_, received, err := converse()
			return received, err
		}},
	}
}

// pipe joins two one-way streams.
type pipe struct {
	io.Reader
	io.WriteCloser
}

// serveStdio is the server half. It has a process of its own, so that its
// type ids start afresh as well.
func serveStdio() {
	server := rpc.NewServer()
	if err := model.Register(server); err != nil {
		log.Fatal(err)
	}
	server.ServeConn(pipe{os.Stdin, os.Stdout})
}

// converse returns what a real client and a real server wrote.
func converse() (sent, received []byte, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	server := exec.Command(self, "-rpc-server")
	server.Stderr = os.Stderr
	to, err := server.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	from, err := server.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := server.Start(); err != nil {
		return nil, nil, err
	}
	var out, in bytes.Buffer
	client := rpc.NewClient(struct {
		io.Reader
		io.Writer
		io.Closer
	}{io.TeeReader(from, &in), io.MultiWriter(to, &out), to})
	if err := talk(client); err != nil {
		return nil, nil, err
	}
	client.Close()
	return out.Bytes(), in.Bytes(), server.Wait()
}

func talk(client *rpc.Client) error {
	for _, step := range []struct {
		method string
		args   model.Args
		reply  any
		fails  bool
	}{
		{"Arith.Multiply", model.Args{A: 7, B: 6}, new(int64), false},
		{"Arith.Divide", model.Args{A: 1, B: 0}, new(model.Quotient), true},
		{"Arith.Divide", model.Args{A: 17, B: 5}, new(model.Quotient), false},
		{"Nope.Foo", model.Args{A: 1, B: 2}, new(int64), true},
		{"Arith.Multiply", model.Args{}, new(int64), false},
	} {
		err := client.Call(step.method, step.args, step.reply)
		var reported rpc.ServerError
		if step.fails != errors.As(err, &reported) || (err != nil && !step.fails) {
			return fmt.Errorf("%s: %v", step.method, err)
		}
	}
	return nil
}
