package api

import (
	"net/http"

	"extrato/internal/books"
)

// The statuses of the kinds of errors.
var statusOf = map[books.ErrorKind]int{
	books.Invalid: http.StatusUnprocessableEntity, books.NotFound: http.StatusNotFound, books.Unauthorized: http.StatusUnauthorized,
	books.Forbidden: http.StatusForbidden, books.Refused: http.StatusConflict, books.Conflict: http.StatusConflict,
	books.Integrity: http.StatusInternalServerError, books.Internal: http.StatusInternalServerError,
}
