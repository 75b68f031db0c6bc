package books_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"extrato/internal/books"
)

func TestKinds_of_errors_become_the_contracts_exit_codes(t *testing.T) {
	for kind, code := range map[books.ErrorKind]int{
		books.Internal: 1, books.Conflict: 1, books.Invalid: 2, books.NotFound: 2,
		books.Refused: 3, books.Unauthorized: 3, books.Forbidden: 3, books.Integrity: 4, "": 1,
	} {
		if kind.ExitCode() != code {
			t.Errorf("%q exits with %d, want %d", kind, kind.ExitCode(), code)
		}
	}
}

func TestErrors_are_told_apart_by_code_whatever_their_message(t *testing.T) {
	err := fmt.Errorf("close: %w", books.Refusedf("already_closed", "2025-10 is already closed").WithHint("look at it"))
	if !errors.Is(err, books.ErrClosed) || errors.Is(err, books.ErrNotEnded) {
		t.Error("already_closed is not ErrClosed, or is everything")
	}
	if errors.Is(&books.Error{Message: "a"}, &books.Error{Message: "b"}) {
		t.Error("errors without a code are all the same")
	}
}

func TestErrors_keep_their_cause(t *testing.T) {
	base := books.Integrityf("broken", "the file %q is broken", "a.csv")
	err := base.Because(io.ErrUnexpectedEOF).WithHint("restore %s", "it")
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != `the file "a.csv" is broken: unexpected EOF` || err.Hint != "restore it" {
		t.Errorf("%v, hint %q", err, err.Hint)
	}
	if base.Err != nil || base.Hint != "" {
		t.Error("the error that was given changed")
	}
}

func TestConstructors_give_their_kind(t *testing.T) {
	for kind, make := range map[books.ErrorKind]func(code, format string, args ...any) *books.Error{
		books.Invalid: books.Invalidf, books.Refused: books.Refusedf, books.NotFound: books.NotFoundf,
		books.Conflict: books.Conflictf, books.Integrity: books.Integrityf,
	} {
		if err := make("code", "%d rows", 3); err.Kind != kind || err.Code != "code" || err.Error() != "3 rows" {
			t.Errorf("%s: %#v", kind, err)
		}
	}
}

func TestAs_error_finds_the_error_and_keeps_what_was_said_around_it(t *testing.T) {
	if books.AsError(nil) != nil {
		t.Error("nil became an error")
	}
	if books.AsError(books.ErrClosed) != books.ErrClosed {
		t.Error("an Error became another")
	}
	wrapped := books.AsError(fmt.Errorf("read backup: %w", books.Integrityf("broken", "broken").WithHint("restore it")))
	if wrapped.Kind != books.Integrity || wrapped.Code != "broken" || wrapped.Error() != "read backup: broken" || wrapped.Hint != "restore it" {
		t.Errorf("%#v", wrapped)
	}
	if plain := books.AsError(io.EOF); plain.Kind != books.Internal || plain.Code != "internal" || plain.Error() != "EOF" {
		t.Errorf("%#v", plain)
	}
}
