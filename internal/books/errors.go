package books

import (
	"errors"
	"fmt"
)

// ErrorKind names the person able to resolve an error. The command line turns
// it into an exit code, HTTP into a status.
type ErrorKind string

// The kinds of errors, with the person to resolve them.
const (
	Invalid      ErrorKind = "invalid"      // the caller: the input is wrong
	NotFound     ErrorKind = "not_found"    // the caller: there is no such thing
	Refused      ErrorKind = "refused"      // a person: the program must not decide this
	Conflict     ErrorKind = "conflict"     // nobody: somebody was faster, try again
	Integrity    ErrorKind = "integrity"    // a person: stored data is corrupt or was tampered with
	Unauthorized ErrorKind = "unauthorized" // the caller: credentials are missing or wrong
	Forbidden    ErrorKind = "forbidden"    // the studio's owner: the caller may not
	Internal     ErrorKind = "internal"     // nobody yet: trying again may help
)

// ExitCode returns the process exit code for errors of this kind: 1 to 4.
func (k ErrorKind) ExitCode() int {
	switch k {
	case Invalid, NotFound:
		return 2
	case Refused, Unauthorized, Forbidden:
		return 3
	case Integrity:
		return 4
	default:
		return 1
	}
}

// Error is an error with a remedy. Code is stable and for programs. Message is
// one English sentence without a full stop. Hint is the remedy, or empty.
type Error struct {
	Kind    ErrorKind
	Code    string
	Message string
	Hint    string
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the error below, if any.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error of the same code: errors.Is(err,
// ErrClosed) holds for any month in the message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code != "" && t.Code == e.Code
}

// Because returns a copy of e wrapping err.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// WithHint returns a copy of e with this hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Invalidf returns an Error of kind Invalid. Code is for programs.
func Invalidf(code, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Refusedf returns an Error of kind Refused. Code is for programs.
func Refusedf(code, format string, args ...any) *Error {
	return &Error{Kind: Refused, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFoundf returns an Error of kind NotFound. Code is for programs.
func NotFoundf(code, format string, args ...any) *Error {
	return &Error{Kind: NotFound, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Conflictf returns an Error of kind Conflict. Code is for programs.
func Conflictf(code, format string, args ...any) *Error {
	return &Error{Kind: Conflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Integrityf returns an Error of kind Integrity. Code is for programs.
func Integrityf(code, format string, args ...any) *Error {
	return &Error{Kind: Integrity, Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError returns err as an Error: itself, if one is in its chain, else one
// of kind Internal around it. AsError(nil) is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		if error(e) == err { //nolint:errorlint // a wrapped error has a message around it
			return e
		}
		c := *e
		c.Message, c.Err = err.Error(), nil
		return &c
	}
	return &Error{Kind: Internal, Code: "internal", Message: err.Error()}
}

// The errors for errors.Is.
var (
	ErrClosed = &Error{Kind: Refused, Code: "already_closed", Message: "the month is already closed",
		Hint: "see its statement; to change something in it, reopen it"}
	ErrNotEnded  = &Error{Kind: Refused, Code: "month_not_ended", Message: "the month has not ended", Hint: "wait until it is over"}
	ErrNotClosed = &Error{Kind: NotFound, Code: "not_closed", Message: "the month has no statement", Hint: "close the month first"}
)
