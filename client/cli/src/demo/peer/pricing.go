package main

import (
	"fmt"
	"time"
)

// Order and Quote are what service.rs has under the same names.
type Order struct {
	Item  string
	Count int
}

type Quote struct {
	Cents  int
	Server string
}

// Pricing is an ordinary net/rpc service.
type Pricing struct {
	Server string
}

func (p *Pricing) Quote(order Order, quote *Quote) error {
	// Stands for a database, as in service.rs.
	time.Sleep(time.Duration(2000+order.Count%64*150) * time.Microsecond)
	cents, err := price(order)
	if err != nil {
		return err
	}
	*quote = Quote{Cents: cents, Server: p.Server}
	return nil
}

func price(order Order) (int, error) {
	switch order.Item {
	case "apple":
		return 30 * order.Count, nil
	case "pear":
		return 45 * order.Count, nil
	case "quince":
		return 120 * order.Count, nil
	}
	return 0, fmt.Errorf("no %s is sold here", order.Item)
}
