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

func run(clients []*rpc.Client, op string, inflight int, seconds float64) (result, error) {
	if inflight < 1 {
		return result{}, fmt.Errorf("-inflight must be at least 1")
	}
	var begins []start
	for _, client := range clients {
		begin, err := operation(client, op)
		if err != nil {
			return result{}, err
		}
		// One warm-up call sends the type definitions.
		done := make(chan *rpc.Call, 1)
		begin(done)
		if call := <-done; call.Error != nil {
			return result{}, call.Error
		}
		begins = append(begins, begin)
	}
	cpu := cpuSeconds()
	t0 := time.Now()
	end := t0.Add(time.Duration(seconds * float64(time.Second)))
	if len(begins) == 1 {
		r, err := load(begins[0], inflight, end)
		r.Seconds, r.CPUSeconds = time.Since(t0).Seconds(), cpuSeconds()-cpu
		return r, err
	}
	type outcome struct {
		result
		error
	}
	outcomes := make(chan outcome)
	for _, begin := range begins {
		go func(begin start) {
			r, err := load(begin, inflight, end)
			outcomes <- outcome{r, err}
		}(begin)
	}
	var sum result
	for range begins {
		outcome := <-outcomes
		if outcome.error != nil {
			return result{}, outcome.error
		}
		sum.Calls += outcome.Calls
	}
	sum.Seconds, sum.CPUSeconds = time.Since(t0).Seconds(), cpuSeconds()-cpu
	return sum, nil
}

// load keeps calls in flight on one connection until the end.
func load(begin start, inflight int, end time.Time) (result, error) {
	done := make(chan *rpc.Call, inflight)
	var micros []float64
	calls, flying := 0, 0
	sent := time.Now()
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
	r := result{Calls: calls}
	if len(micros) > 0 {
		sort.Float64s(micros)
		r.P50 = micros[len(micros)/2]
		r.P99 = micros[len(micros)*99/100]
	}
	return r, nil
}
