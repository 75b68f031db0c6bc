package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/export"
	"extrato/internal/store"
)

type statementInput struct {
	Month  monthText `path:"month"`
	Artist rowID     `query:"artist" doc:"Only this artist's rows, and counts and totals of these."`
	Part
}

type statement struct {
	Month       string  `json:"month" example:"2025-10"`
	Revision    int     `json:"revision"`
	ClosedAt    string  `json:"closed_at"`
	ClosedBy    string  `json:"closed_by"`
	Adopted     bool    `json:"adopted" doc:"v4 wrote it: its commissions and expenses have no ids (0)."`
	Unrecorded  bool    `json:"unrecorded,omitempty" doc:"It is v4's, and the chain has no entry of it yet."`
	Counts      counts  `json:"counts"`
	Totals      totals  `json:"totals"`
	Fingerprint string  `json:"fingerprint" doc:"Of the whole statement."`
	Backup      *backed `json:"backup"`
	Chain       chained `json:"chain" doc:"Its entry of the chain."`
	Items       []row   `json:"items" doc:"Payments, sessions, commissions, expenses, each by id."`
	NextCursor  *string `json:"next_cursor" doc:"What to give as cursor for the next part; null at the end."`
}

type shownStatement struct{ Body statement }

// statementPlace is where a part of a statement's rows ended.
type statementPlace struct {
	Revision int `json:"r"`
	Rows     int `json:"n"`
}

func (v *v1) getStatement(ctx context.Context, in *statementInput) (*shownStatement, error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	artist, err := artistAsked(ctx, in.Artist)
	if err != nil {
		return nil, err
	}
	var from statementPlace
	if in.Cursor != "" {
		if err := unpackCursor(in.Cursor, &from); err != nil || from.Rows <= 0 {
			return nil, errCursor
		}
	}
	out := &shownStatement{}
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		stored, last, err := v.s.Closer.StoredStatement(ctx, tx, m)
		if err != nil {
			return err
		}
		if in.Cursor != "" && from.Revision != last.Revision {
			return errCursor.WithHint("the statement has a new revision; begin anew without cursor")
		}
		if out.Body, err = headOf(stored, last); err != nil {
			return err
		}
		name, err := closing.ArtistName(ctx, tx, stored, artist)
		if err != nil {
			return err
		}
		return out.Body.fill(stored, artist, name, from, in.Limit)
	})
	return out, err
}

// artistAsked returns the artist to show, 0 for everybody. An artist's login
// gets its own rows, without a word about others'.
func artistAsked(ctx context.Context, asked rowID) (books.ID, error) {
	only, limited := who(ctx).OnlyArtist()
	switch {
	case !limited:
		return books.ID(asked), nil
	case asked != 0 && books.ID(asked) != only:
		return 0, books.NotFoundf("no_artist", "there is nothing of artist %d", asked).WithHint("leave artist out: an artist's login sees its own rows")
	}
	return only, nil
}

func headOf(stored books.Stored, last books.ChainEntry) (statement, error) {
	header, err := stored.Header()
	if err != nil {
		return statement{}, err
	}
	at, by := last.At.String(), string(last.By)
	if last.Seq == 0 { // not adopted yet: time and actor are unknown
		at, by = "", ""
	}
	return statement{
		Month: stored.Month.String(), Revision: last.Revision, ClosedAt: at, ClosedBy: by, Adopted: header.Version == 0, Unrecorded: last.Seq == 0,
		Counts: countsOf(last.Counts), Totals: shownTotals(header.Totals), Fingerprint: last.Fingerprint.String(), Backup: backedBy(last),
		Chain: chained{last.Seq, last.Hash.String()}, Items: []row{},
	}, nil
}

// fill adds the rows behind from. Without an artist it stops where the part
// ends; an artist's counts and totals need all of them.
func (s *statement) fill(stored books.Stored, artist books.ID, name string, from statementPlace, limit int) error {
	var all books.Counts
	tally, seen := books.NewTally(), 0
	for r, err := range stored.Rows() {
		if err != nil {
			return err
		}
		if r.Kind() > books.ExpenseKind {
			break
		}
		if artist != 0 && !books.OwnedBy(r, artist, name) {
			continue
		}
		seen++
		if artist != 0 {
			all.Add(r.Kind())
			tally.Add(r)
		}
		switch {
		case seen <= from.Rows:
		case len(s.Items) < limit:
			s.Items = append(s.Items, rowOf(r))
		case s.NextCursor == nil:
			next := packCursor(statementPlace{s.Revision, seen - 1})
			s.NextCursor = &next
		}
		if s.NextCursor != nil && artist == 0 {
			return nil
		}
	}
	if artist != 0 {
		s.Counts, s.Totals = countsOf(all), shownTotals(tally.Totals())
	}
	return nil
}

type fileInput struct {
	Month  monthText `path:"month"`
	Artist rowID     `query:"artist" doc:"Only this artist's rows."`
	Lang   string    `query:"lang" enum:"pt,en" default:"pt" doc:"The language of titles."`
}

type fileAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// fileDescriptions say what is special about each format of a statement's file.
var fileDescriptions = map[string]string{
	"csv":  "For a spreadsheet. Formulas are made harmless; the backup, not this, holds texts byte for byte.",
	"xlsx": "A workbook with the totals as formulas. Texts that look like formulas stay texts.",
	"pdf":  "For paper: A4, totals first, every record. The proof of a whole month is attached, for extrato verify.",
}

// registerFiles adds a route for each format of a statement's file.
func (v *v1) registerFiles() {
	for _, f := range export.Formats() {
		name := "get-statement-" + f.Name
		register(v, operation{
			method: http.MethodGet, path: "months/{month}/statement." + f.Name, id: name, tag: "statements", needs: auth.SignedIn,
			errors:  []int{http.StatusNotFound, http.StatusConflict},
			summary: "A month's statement as " + strings.ToUpper(f.Name), description: fileDescriptions[f.Name],
		}, func(ctx context.Context, in *fileInput) (*fileAnswer, error) { return v.statementFile(ctx, in, f) })
		contentType, _, _ := strings.Cut(f.ContentType, ";")
		for _, path := range v.api.OpenAPI().Paths {
			if path.Get != nil && path.Get.OperationID == name {
				path.Get.Responses["200"].Content = map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string"}}}
			}
		}
	}
}

func (v *v1) statementFile(ctx context.Context, in *fileInput, format export.Format) (*fileAnswer, error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	artist, err := artistAsked(ctx, in.Artist)
	if err != nil {
		return nil, err
	}
	lang, err := export.ParseLang(in.Lang)
	if err != nil {
		return nil, err
	}
	end, err := export.Turn(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var s export.Statement
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		stored, last, err := v.s.Closer.StoredStatement(ctx, tx, m)
		if err != nil {
			return err
		}
		if s, err = export.Of(stored, last, v.s.Store.Zone()); err != nil {
			return err
		}
		if s.Studio, err = v.s.Recorder.StudioName(ctx, tx); err != nil {
			return err
		}
		if err := s.Attach(closing.ProveIn(ctx, tx, m)); err != nil || artist == 0 {
			return err
		}
		name, err := closing.ArtistName(ctx, tx, stored, artist)
		s = s.ForArtist(artist, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := format.Write(&file, s, lang); err != nil {
		return nil, err
	}
	return &fileAnswer{
		ContentType: format.ContentType, Disposition: `attachment; filename="extrato_` + m.String() + "." + format.Name + `"`, Body: file.Bytes(),
	}, nil
}
