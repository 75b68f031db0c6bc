// Package proof makes and checks proofs of the chain of closings for people
// without the database: signed heads, inclusion and consistency proofs, and the
// document inside a printed statement. It needs no database, settings or
// network.
//
// The formats are public ones. Over the chain's entries stands a Merkle tree of
// RFC 6962: leaf n is the 32 bytes of the hash of entry n+1. A head is a
// checkpoint (C2SP tlog-checkpoint), a note signed by the studio's key and
// cosigned by others (C2SP tlog-cosignature). An inclusion proof is a C2SP
// tlog-proof. docs/architecture.md, "Proofs", has all layouts.
package proof

import "extrato/internal/books"

func notAProof(format string, args ...any) *books.Error {
	return books.Invalidf("not_a_proof", format, args...).WithHint("take the file as it was exported: not even a line end may differ")
}

// askAgain is the hint for a changed document.
const askAgain = "ask the studio for a new export, and keep this one"
