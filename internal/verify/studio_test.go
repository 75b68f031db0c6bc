package verify_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/export"
	"extrato/internal/proof"
)

const origin = "extrato/estudio-agulha-4f9c2a1b"

var (
	october = books.Month{Year: 2025, Month: time.October}
	closed  = time.Date(2025, 11, 1, 5, 0, 0, 123456000, time.UTC)
)

// studio is a small studio with a chain: August is v4's, September and October
// were closed, October was revised.
type studio struct {
	key, cosigner proof.Key
	chain         []books.ChainEntry
	statements    map[int64]books.Stored // by entry
	backups       string
}

func day(m books.Month, number int) books.Day { return m.First().Add(number - 1) }

func rowsOf(m books.Month, n int) []books.Row {
	ana, joao := books.TextOf("Ana Conceição"), books.TextOf("João 💉 \"Zé\" \\ <b>\u2028")
	at := books.At(closed.AddDate(0, -1, 0))
	var payments, sessions, commissions, expenses []books.Row
	for i := range n {
		id, paid := books.ID(i+1), day(m, 1+i%28)
		amount := books.Money(45000 + i)
		payments = append(payments, &books.Payment{ID: id, Date: paid, Amount: amount, Method: "Pix", Note: books.TextOf("sinal,\r\n\"dois\""), ClientID: books.RefTo(3),
			ArtistID: 2, SessionID: books.RefTo(id), CreatedAt: at, ClientName: joao, ArtistName: ana, SessionDate: books.NullDay{V: paid, Valid: true}, Deposit: i == 0})
		sessions = append(sessions, &books.Session{ID: id, Date: paid, Amount: amount, Time: books.TextOf("14:30:00"), ClientID: 3, ArtistID: 2, Status: books.TextOf("paid"), PaymentID: books.RefTo(id), CreatedAt: at, ClientName: joao, ArtistName: ana})
		commissions = append(commissions, &books.Commission{ID: id, PaymentID: books.RefTo(id), ArtistID: 2, Percent: 60_50, Amount: amount.Percent(60_50), CreatedAt: at, ArtistName: ana, ClientName: joao,
			PaymentAmount: books.NullMoney{V: amount, Valid: true}, PaymentDate: books.NullDay{V: paid, Valid: true}})
		expenses = append(expenses, &books.Expense{ID: id, Date: paid, Amount: 1999, Description: books.TextOf("=agulhas"), Method: "Dinheiro", CreatedBy: 1, CreatedAt: at, Category: books.TextOf("Material"), CreatorName: ana})
	}
	payments = append(payments, &books.Payment{ID: 90, Date: day(m, 28), Amount: 1, Method: "", ArtistID: 5, ArtistName: books.TextOf("Bia"), Note: books.TextOf("")})
	expenses = append(expenses, &books.Expense{ID: 91, Date: day(m, 2), Amount: 100, Method: "Pix", CreatedBy: 1})
	rows := append(append(append(payments, sessions...), commissions...), expenses...)
	return append(rows, &books.Link{SessionID: 70, PaymentID: 90}, &books.Client{ID: 3, Name: joao.V, CreatedAt: at},
		&books.Artist{ID: 2, Name: ana.V, Email: books.TextOf("ana@example.com"), Role: "artist"}, &books.Artist{ID: 5, Name: "Bia", Role: "artist"})
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// written returns a statement as the program stores it.
func written(t testing.TB, m books.Month, revision int, rows []books.Row, salt books.Salt) (books.Stored, books.Header) {
	t.Helper()
	var out bytes.Buffer
	w := books.NewStatementWriter(&out, m, revision)
	for _, row := range rows {
		if err := w.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	header, ends, err := w.Finish(salt)
	if err != nil {
		t.Fatal(err)
	}
	stored, from := books.Stored{Month: m}, int64(0)
	for part, to := range ends {
		stored.Parts[part], from = out.String()[from:to], to
	}
	return stored, header
}

// close appends an entry with a statement and a backup. change may spoil the entry
// before it is signed.
func (s *studio) close(t testing.TB, action books.Action, m books.Month, revision, rows int, change func(*books.ChainEntry)) {
	t.Helper()
	list := rowsOf(m, rows)
	copies := &backup.Backups{Bucket: bucket.NewFolder(s.backups, nil), Now: func() time.Time { return closed }, Zone: time.UTC, Program: "test", SpoolDir: t.TempDir()}
	if err := copies.MakeFolder(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	made := must[*backup.Unproved](t)(copies.Start(t.Context(), m, backup.Before{}, books.Sequence(list), nil))
	defer made.Stop()
	receipt := must[backup.Receipt](t)(made.Receipt(t.Context()))
	stored, header := written(t, m, revision, list, receipt.Salt)
	e := books.ChainEntry{
		Action: action, Month: m, Revision: revision, At: books.InstantOf(closed), By: "user 3", CorrelationID: "0123456789abcdef",
		Fingerprint: header.Fingerprint, Core: header.Core, Seal: stored.Seal(), Counts: header.Counts, BackupFile: receipt.File, BackupSHA256: receipt.SHA256,
		Reason: "porque sim", Totals: string(header.Totals.JSON()), Notes: []string{"by ana"}, Salt: books.NewSalt(),
	}
	if change != nil {
		change(&e)
	}
	s.add(e, stored)
}

func (s *studio) add(e books.ChainEntry, stored books.Stored) {
	var last books.ChainEntry
	if len(s.chain) > 0 {
		last = s.chain[len(s.chain)-1]
	}
	e = e.After(last)
	s.chain = append(s.chain, e)
	s.statements[e.Seq] = stored
}

// newStudio makes the studio. spoil changes October's first entry.
func newStudio(t testing.TB, spoil func(*books.ChainEntry)) *studio {
	t.Helper()
	s := &studio{key: proof.NewKey(origin), cosigner: proof.NewCosigner("safetynet"), statements: map[int64]books.Stored{}, backups: filepath.Join(t.TempDir(), "backups")}
	v4 := books.Stored{Month: october.Add(-2)}
	v4.Parts = [books.PartCount]string{
		`"[{\"id\": 5, \"data\": \"2025-08-03\", \"cliente_name\": \"Zé\", \"artista_name\": \"Ana\", \"valor\": 450.5, \"forma_pagamento\": \"Pix\", \"observacoes\": null}]"`,
		`"[]"`, `"[{\"artista_name\": \"Ana\", \"percentual\": 60.0, \"valor\": 270.3}]"`, "",
		`"{\"receita_total\": 450.5, \"total_pagamentos\": 450.5, \"comissoes_total\": 270.3, \"despesas_total\": 0, \"saldo\": 450.5, \"receita_liquida\": 180.2, \"por_artista\": []}"`,
	}
	s.add(books.ChainEntry{Action: books.Adopted, Month: v4.Month, Revision: 1, At: books.InstantOf(closed), By: "migrate", CorrelationID: "a", Seal: v4.Seal(),
		Counts: must[books.Counts](t)(v4.Count()), Totals: string(must[books.Header](t)(v4.Header()).Totals.JSON()), Salt: books.NewSalt()}, v4)
	s.close(t, books.Closed, october.Add(-1), 1, 2, nil)
	s.close(t, books.Closed, october, 1, 3, spoil)
	s.close(t, books.Revised, october, 2, 4, nil)
	return s
}

// log returns the first size entries, signed and cosigned.
func (s *studio) log(t testing.TB, size int64, keys ...proof.Key) proof.Log {
	t.Helper()
	var hashes []books.Fingerprint
	for _, e := range s.chain {
		hashes = append(hashes, e.Hash)
	}
	l := proof.Log{Tree: proof.TreeOf(hashes), Cosigners: []proof.PublicKey{s.cosigner.Public()}}
	if len(keys) == 0 {
		keys = []proof.Key{s.key}
	}
	for _, k := range keys {
		l.Keys = append(l.Keys, k.Public())
	}
	text := must[string](t)(proof.Sign(l.Tree.Head(origin, size), keys...))
	l.Checkpoint = must[string](t)(proof.Cosign(text, s.cosigner, closed))
	return l
}

func (s *studio) entry(seq int64) books.ChainEntry { return s.chain[seq-1] }

func (s *studio) document(t testing.TB, seq, size int64) proof.Document {
	t.Helper()
	return must[proof.Document](t)(s.log(t, size).Prove(s.statements[seq], s.entry(seq)))
}

// paper returns what is exported of an entry's statement.
func (s *studio) paper(t testing.TB, seq int64, document []byte) export.Statement {
	t.Helper()
	e := s.entry(seq)
	p := must[export.Statement](t)(export.Of(s.statements[seq], e, time.UTC))
	l := s.log(t, int64(len(s.chain)))
	head := must[proof.Head](t)(proof.ParseHead(l.Checkpoint))
	in := must[proof.Inclusion](t)(l.Include(seq))
	p.Proof = &export.Proof{Document: document, Code: in.PaperText(e.Hash), Origin: origin, Key: s.key.Public().Printed(), Size: head.Size, Root: head.Root.String()}
	return p
}

func pdf(t testing.TB, p export.Statement) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.WritePDF(&b, p, export.PT); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jsonOf(t testing.TB, p export.Statement) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.WriteJSON(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exported writes a folder as audit export does.
func (s *studio) exported(t testing.TB, dir string) string {
	t.Helper()
	l := s.log(t, int64(len(s.chain)))
	put(t, dir, proof.CheckpointFile, []byte(l.Checkpoint))
	put(t, dir, proof.KeysFile, []byte(proof.KeysText(append(l.Keys, l.Cosigners...)...)))
	put(t, dir, proof.EntriesFile, proof.EntriesJSON(s.chain))
	for _, e := range s.chain {
		if e.HasStatement() {
			put(t, dir, filepath.Join(proof.StatementsFolder, proof.DocumentName(e.Month, e.Revision)), s.document(t, e.Seq, int64(len(s.chain))).JSON())
		}
	}
	return dir
}

// put writes a file in a folder and returns its name.
func put(t testing.TB, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}
