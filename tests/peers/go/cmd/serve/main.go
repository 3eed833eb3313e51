// Command serve runs the model services over net/rpc until stdin ends.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"

	"gobrpc.test/peers/model"
)

func main() {
	network := flag.String("network", "tcp", "tcp or unix")
	addr := flag.String("addr", "127.0.0.1:0", "address or socket path")
	useHTTP := flag.Bool("http", false, "serve through HTTP CONNECT")
	useJSON := flag.Bool("json", false, "serve JSON-RPC")
	fork := flag.Bool("fork", false, "serve as github.com/keegancsmith/rpc does")
	cert := flag.String("cert", "", "PEM file of a certificate: serve TLS")
	key := flag.String("key", "", "PEM file of its key")
	clientCA := flag.String("clientca", "", "PEM file of an authority: require its clients")
	flag.Parse()

	server := rpc.DefaultServer
	if err := model.Register(server); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen(*network, *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *cert != "" {
		config, err := tlsConfig(*cert, *key, *clientCA)
		if err != nil {
			log.Fatal(err)
		}
		listener = tls.NewListener(listener, config)
	}
	if *useHTTP {
		rpc.HandleHTTP()
		go http.Serve(listener, nil)
	} else if *useJSON {
		go acceptJSON(listener)
	} else if *fork {
		go acceptFork(listener)
	} else {
		go rpc.Accept(listener)
	}
	fmt.Println("LISTEN", listener.Addr())

	io.Copy(io.Discard, os.Stdin)
	if *network == "unix" {
		os.Remove(*addr)
	}
}

// tlsConfig reads what a server needs to speak TLS.
func tlsConfig(cert, key, clientCA string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clientCA != "" {
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", clientCA)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// acceptJSON is rpc.Accept for JSON-RPC.
func acceptJSON(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go jsonrpc.ServeConn(conn)
	}
}
