package main

import (
	"bytes"
	"fmt"
	"net/rpc"
	"sort"
	"time"

	"gobrpc.test/peers/model"
)

// result is the one line a client prints.
type result struct {
	Calls      int     `json:"calls"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	P50        float64 `json:"p50_us"`
	P99        float64 `json:"p99_us"`
}

// start issues one call of the chosen operation.
type start func(done chan *rpc.Call)

func operation(client *rpc.Client, op string) (start, error) {
	echo := func(size int) start {
		body := bytes.Repeat([]byte{0xa5}, size)
		return func(done chan *rpc.Call) { client.Go("Echo.Bytes", body, new([]byte), done) }
	}
	switch op {
	case "mul":
		args := model.Args{A: 7, B: 6}
		return func(done chan *rpc.Call) { client.Go("Arith.Multiply", args, new(int64), done) }, nil
	case "echo4k":
		return echo(4 << 10), nil
	case "echo64k":
		return echo(64 << 10), nil
	}
	return nil, fmt.Errorf("unknown -op %q", op)
}

func run(client *rpc.Client, op string, inflight int, seconds float64) (result, error) {
	begin, err := operation(client, op)
	if err != nil {
		return result{}, err
	}
	if inflight < 1 {
		return result{}, fmt.Errorf("-inflight must be at least 1")
	}
	done := make(chan *rpc.Call, inflight)
	// One warm-up call sends the type definitions.
	begin(done)
	if call := <-done; call.Error != nil {
		return result{}, call.Error
	}

	var micros []float64
	calls, flying := 0, 0
	cpu := cpuSeconds()
	t0 := time.Now()
	sent := t0
	end := t0.Add(time.Duration(seconds * float64(time.Second)))
	for ; flying < inflight; flying++ {
		begin(done)
	}
	for flying > 0 {
		call := <-done
		now := time.Now()
		if call.Error != nil {
			return result{}, call.Error
		}
		calls++
		if inflight == 1 {
			micros = append(micros, float64(now.Sub(sent).Nanoseconds())/1e3)
		}
		if now.Before(end) {
			sent = now
			begin(done)
		} else {
			flying--
		}
	}
	r := result{Calls: calls, Seconds: time.Since(t0).Seconds(), CPUSeconds: cpuSeconds() - cpu}
	if len(micros) > 0 {
		sort.Float64s(micros)
		r.P50 = micros[len(micros)/2]
		r.P99 = micros[len(micros)*99/100]
	}
	return r, nil
}
