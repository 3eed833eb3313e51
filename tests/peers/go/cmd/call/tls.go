package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

// dialConn dials a raw connection, secured in mode tls.
func (s *suite) dialConn() (net.Conn, error) {
	if s.mode == "tls" {
		return s.dialTLS()
	}
	return net.Dial(s.network, s.addr)
}

// dialTLS dials as a user of net/rpc over TLS does.
func (s *suite) dialTLS() (*tls.Conn, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: s.name}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, err
	}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", s.ca)
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return tls.Dial(s.network, s.addr, config)
}
