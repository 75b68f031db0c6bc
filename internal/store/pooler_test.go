package store_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"extrato/internal/books"
	"extrato/internal/pgtest"
	"extrato/internal/store/v4test"
)

// listen hands each connection to serve, and returns where.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestA_connection_pooler_is_named(t *testing.T) {
	to := pgtest.New(t)
	host := mustParse(t, to).Host
	for what, serve := range map[string]func(net.Conn){
		"one that refuses the parameter, as PgBouncer does": func(conn net.Conn) {
			backend := pgproto3.NewBackend(conn, conn)
			if _, err := backend.ReceiveStartupMessage(); err != nil {
				return
			}
			backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: row_security"})
			_ = backend.Flush() // who does not hear it fails the test
		},
		"one that lets everything through, with a number of its own": func(conn net.Conn) {
			server, err := net.Dial("tcp", host)
			if err != nil {
				return
			}
			defer server.Close()
			go func() { _, _ = io.Copy(server, conn) }()
			buffer := make([]byte, 64<<10)
			for {
				n, err := server.Read(buffer)
				if at := bytes.Index(buffer[:n], []byte{'K', 0, 0, 0, 12}); at >= 0 {
					buffer[at+8]++
				}
				if _, writeErr := conn.Write(buffer[:n]); err != nil || writeErr != nil {
					return
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := tryOpen(t, strings.Replace(to, host, listen(t, serve), 1), false)
			v4test.WantError(t, err, books.Refused, "database_pooler", "PgBouncer", "5432")
		})
	}
}
