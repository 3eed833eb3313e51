package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

func httpChecks(s *suite) {
	s.check("http_get_is_405", func() error {
		conn, err := net.Dial(s.network, s.addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(limit))
		io.WriteString(conn, "GET /_goRPC_ HTTP/1.0\r\n\r\n")
		reply, err := io.ReadAll(conn)
		if err != nil {
			return err
		}
		if text := string(reply); !strings.HasPrefix(text, "HTTP/1.0 405 ") || !strings.HasSuffix(text, "405 must CONNECT\n") {
			return fmt.Errorf("got %q", text)
		}
		return nil
	})
	s.check("http_connect_with_crlf", func() error {
		conn, err := net.Dial(s.network, s.addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(limit))
		io.WriteString(conn, "CONNECT /_goRPC_ HTTP/1.0\r\nHost: example\r\n\r\n")
		got := make([]byte, len(connected))
		if _, err := io.ReadFull(conn, got); err != nil {
			return err
		}
		return equal(string(got), connected)
	})
	s.wire("http_connect", func(w *wire) error { return w.product(0, 6, 7) })
}
