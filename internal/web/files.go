package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/export"
	"extrato/internal/store"
)

// statementFile answers with a statement as a file; an artist gets the artist's
// part. Of a month without a statement, and of a statement that was changed, the
// page says more than a file could.
func (v *visit) statementFile(name string) error {
	month, err := v.pathMonth()
	format, ok := export.FormatNamed(name)
	if err != nil || !ok {
		return errNoPage
	}
	ctx := v.r.Context()
	end, err := export.Turn(ctx)
	if err != nil {
		return err
	}
	defer end()
	var s export.Statement
	var unproved error
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		stored, last, err := v.Closer.StoredStatement(ctx, tx, month)
		if err != nil {
			return err
		}
		if s, err = export.Of(stored, last, v.Store.Zone()); err != nil {
			return err
		}
		unproved = s.Attach(closing.ProveIn(ctx, tx, month))
		if artist, own := v.who.OnlyArtist(); own {
			name, err := closing.ArtistName(ctx, tx, stored, artist)
			if err != nil {
				return err
			}
			s = s.ForArtist(artist, name)
		}
		s.Studio, err = v.Recording.StudioName(ctx, tx)
		return err
	})
	if e := books.AsError(err); e != nil && (e.Kind == books.Integrity || e.Kind == books.NotFound) {
		return v.to(statementPath(month))
	}
	if err = errors.Join(err, unproved); err != nil {
		return err
	}
	return v.sendFile(format, "extrato_"+month.String(), func(w io.Writer) error { return format.Write(w, s, export.Lang(v.lang.Code)) })
}

// sendFile answers with a file. It is written whole before any of it is sent, so
// a failure is still shown as a page.
func (v *visit) sendFile(format export.Format, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	v.rw.Header().Set("Content-Type", format.ContentType)
	v.rw.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+format.Name+`"`)
	v.rw.WriteHeader(http.StatusOK)
	_, _ = v.rw.Write(b.Bytes())
	return nil
}
