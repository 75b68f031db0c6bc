package export_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/export"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what is written now; got\n%s", name, got)
	}
}

// statementOf returns a statement of these rows, closed at 02:00 of 1 November.
func statementOf(t rapid.TB, rows ...books.Row) export.Statement {
	t.Helper()
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	s := export.Statement{
		Month: books.Month{Year: 2025, Month: time.October}, Revision: 1, Rows: rows, Zone: zone,
		ClosedAt: books.InstantOf(time.Date(2025, 11, 1, 2, 0, 0, 0, zone)), ChainSeq: 12,
		BackupFile: "2025_10/backup_2025_10.csv", BackupSHA256: "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
	}
	for i := range s.ChainHash {
		s.ChainHash[i] = byte(i)
	}
	tally := books.NewTally()
	for _, row := range rows {
		tally.Add(row)
	}
	s.Header = books.Header{Version: 1, Month: s.Month, Revision: 1, Totals: tally.Totals()}
	if s.Header.Fingerprint, s.Header.Counts, err = books.FingerprintOf(books.Sequence(rows)); err != nil {
		t.Fatal(err)
	}
	return s
}

func day(t rapid.TB, s string) books.Day {
	t.Helper()
	d, err := books.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// october is a believable month of two artists.
func october(t rapid.TB) export.Statement {
	t.Helper()
	ana, bia, joao := books.TextOf("Ana"), books.TextOf("Bia Conceição"), books.TextOf("João 💉")
	paid := books.NullDay{V: day(t, "2025-10-28"), Valid: true}
	return statementOf(t,
		&books.Payment{
			ID: 7, Date: paid.V, Amount: 123456, Method: "Pix", Note: books.TextOf("sinal pago em setembro, o resto no dia da sessão; trazer a referência"),
			ClientID: books.RefTo(3), ArtistID: 2, SessionID: books.RefTo(11), ClientName: joao, ArtistName: ana,
		},
		&books.Payment{ID: 8, Date: day(t, "2025-10-31"), Amount: 9000, Method: "Cartão de Crédito", ArtistID: 4, ArtistName: bia},
		&books.Session{
			ID: 11, Date: day(t, "2025-10-28"), Amount: 123456, ClientID: 3, ArtistID: 2, Status: books.TextOf("paid"),
			PaymentID: books.RefTo(7), ClientName: joao, ArtistName: ana,
		},
		&books.Session{ID: 12, Date: day(t, "2025-09-30"), Amount: 9000, ClientID: 5, ArtistID: 4, Status: books.TextOf("remarcada"), ClientName: books.TextOf("李小龙"), ArtistName: bia},
		&books.Commission{
			ID: 5, PaymentID: books.RefTo(7), ArtistID: 2, Percent: 6000, Amount: 74074, ArtistName: ana, ClientName: joao,
			PaymentAmount: books.NullMoney{V: 123456, Valid: true}, PaymentDate: paid,
		},
		&books.Commission{ID: 6, ArtistID: 4, Percent: 5, Amount: 5, Note: books.TextOf("avulsa"), ArtistName: bia},
		&books.Expense{ID: 4, Date: day(t, "2025-10-02"), Amount: 1999, Description: books.TextOf("agulhas"), Method: "Dinheiro", CreatedBy: 1},
		&books.Expense{ID: 9, Date: day(t, "2025-10-05"), Amount: 150000, Description: books.TextOf("aluguel"), Method: "Pix", CreatedBy: 1, Category: books.TextOf("Aluguel")},
		&books.Link{SessionID: 14, PaymentID: 8},
		&books.Client{ID: 3, Name: "João 💉"},
		&books.Artist{ID: 2, Name: "Ana", Role: "artist"},
		&books.Artist{ID: 4, Name: "Bia Conceição", Role: "artist"},
	)
}

// adopted is the same month as v4 would have left it.
func adopted(t rapid.TB) export.Statement {
	t.Helper()
	s := statementOf(t,
		&books.Payment{ID: 7, Date: day(t, "2025-10-28"), Amount: 45000, Method: "Pix", ArtistName: books.TextOf("Ana")},
		&books.Commission{ArtistName: books.TextOf("Ana"), Percent: 6000, Amount: 27000},
		&books.Expense{Date: day(t, "2025-10-02"), Amount: 1999, Method: "Dinheiro"},
	)
	s.Adopted, s.Revision, s.Header.Fingerprint, s.BackupFile, s.BackupSHA256 = true, 1, books.Fingerprint{}, "", ""
	return s
}

// forms are all the ways to write a statement.
var forms = map[string]func(t rapid.TB, s export.Statement) string{
	"text.pt": func(t rapid.TB, s export.Statement) string { return text(t, s, export.PT) },
	"text.en": func(t rapid.TB, s export.Statement) string { return text(t, s, export.EN) },
	"csv.pt":  func(t rapid.TB, s export.Statement) string { return csvOf(t, s, export.PT) },
	"csv.en":  func(t rapid.TB, s export.Statement) string { return csvOf(t, s, export.EN) },
	"json": func(t rapid.TB, s export.Statement) string {
		var out bytes.Buffer
		if err := export.WriteJSON(&out, s); err != nil {
			t.Fatal(err)
		}
		return out.String()
	},
}

func text(t rapid.TB, s export.Statement, lang export.Lang) string {
	t.Helper()
	var out bytes.Buffer
	if err := export.WriteText(&out, s, lang); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func csvOf(t rapid.TB, s export.Statement, lang export.Lang) string {
	t.Helper()
	var out bytes.Buffer
	if err := export.WriteCSV(&out, s, lang); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWhat_is_not_the_statement_that_was_closed_is_shown_under_a_warning_in_every_form(t *testing.T) {
	s := october(t)
	s.Unverified = true
	for form, write := range forms {
		got := write(t, s)
		first, _, _ := strings.Cut(got, "\n")
		for _, word := range []string{s.ChainHash.String(), s.Header.Fingerprint.String()} {
			if strings.Contains(got, word) {
				t.Errorf("%s says that it is proved:\n%s", form, got)
			}
		}
		warning := map[string]string{"text.pt": "NÃO é o extrato que foi fechado", "csv.pt": "NÃO é o extrato que foi fechado", "json": `"unverified":true`}[form]
		if warning == "" {
			warning = "NOT the statement that was closed"
		}
		if !strings.Contains(got, warning) || strings.HasPrefix(form, "csv") && !strings.Contains(first, warning) {
			t.Errorf("%s has no warning:\n%s", form, got)
		}
	}
}

func TestStatements_look_like_this(t *testing.T) {
	unbacked := statementOf(t, &books.Payment{ID: 1, Date: day(t, "2025-10-01"), Amount: 1, Method: "Pix"})
	unbacked.BackupFile, unbacked.BackupSHA256, unbacked.Zone = "", "", nil
	unverified := adopted(t)
	unverified.Unverified, unverified.BackupFile, unverified.BackupSHA256 = true, "2025_10/backup_2025_10.csv", "ab"
	for name, s := range map[string]export.Statement{
		"october": october(t), "empty": statementOf(t), "artist": october(t).ForArtist(4, ""), "hostile": hostile(t), "adopted": adopted(t), "unbacked": unbacked,
		"adopted_artist": adopted(t).ForArtist(2, "Ana"), "unverified": unverified,
	} {
		for form, write := range forms {
			golden(t, name+"."+form, write(t, s))
		}
	}
}

func TestAn_artist_sees_only_what_is_the_artists(t *testing.T) {
	s := october(t).ForArtist(2, "")
	if want := (books.Counts{Payments: 1, Sessions: 1, Commissions: 1}); s.Header.Counts != want || len(s.Rows) != 3 {
		t.Errorf("%+v, %d rows", s.Header.Counts, len(s.Rows))
	}
	totals := s.Header.Totals
	if totals.Revenue != 123456 || totals.Commissions != 74074 || totals.Expenses != 0 || len(totals.ByArtist) != 1 || len(totals.ByMethod) != 1 {
		t.Errorf("%s", totals.JSON())
	}
	for form, write := range forms {
		got := write(t, s)
		for _, secret := range []string{"Bia", "李小龙", "aluguel", "agulhas", "90,00", "90.00", "1500", "1.500", "avulsa"} {
			if bytes.Contains([]byte(got), []byte(secret)) {
				t.Errorf("%s tells Ana of %s:\n%s", form, secret, got)
			}
		}
	}
	whole := october(t)
	if s.Header.Fingerprint != whole.Header.Fingerprint || s.ChainHash != whole.ChainHash || len(whole.Rows) != 12 || whole.Header.Counts.Payments != 2 {
		t.Error("the proof is not the whole statement's, or the whole statement changed")
	}
}

func TestNothing_belongs_to_an_unknown_artist(t *testing.T) {
	for name, s := range map[string]export.Statement{
		"unknown": october(t).ForArtist(99, ""), "none": october(t).ForArtist(0, ""), "v4's": adopted(t).ForArtist(0, ""),
	} {
		if len(s.Rows) != 0 || s.Header.Counts.Total() != 0 || s.Header.Totals.Revenue != 0 {
			t.Errorf("%s: %d rows, %s", name, len(s.Rows), s.Header.Totals.JSON())
		}
	}
}

func TestA_statement_of_v4s_knows_artists_by_name(t *testing.T) {
	s := adopted(t).ForArtist(2, "Ana")
	if want := (books.Counts{Payments: 1, Commissions: 1}); s.Header.Counts != want || s.Header.Totals.Revenue != 45000 || s.Header.Totals.Expenses != 0 {
		t.Errorf("%+v, %s", s.Header.Counts, s.Header.Totals.JSON())
	}
	for name, s := range map[string]export.Statement{
		"another name": adopted(t).ForArtist(2, "Bia"), "no name": adopted(t).ForArtist(2, ""), "a name where there are ids": october(t).ForArtist(99, "Ana"),
	} {
		if len(s.Rows) != 0 {
			t.Errorf("%s: %d rows", name, len(s.Rows))
		}
	}
}

func TestLanguages_are_chosen_by_name(t *testing.T) {
	for _, s := range []string{"pt", "en"} {
		if lang, err := export.ParseLang(s); err != nil || string(lang) != s {
			t.Errorf("%q became %q, %v", s, lang, err)
		}
	}
	for _, s := range []string{"", "PT", "fr", "pt-BR"} {
		_, err := export.ParseLang(s)
		textErr := export.WriteText(new(bytes.Buffer), october(t), export.Lang(s))
		csvErr := export.WriteCSV(new(bytes.Buffer), october(t), export.Lang(s))
		for _, err := range []error{err, textErr, csvErr} {
			if books.AsError(err) == nil || books.AsError(err).Kind != books.Invalid {
				t.Errorf("%q: %v", s, err)
			}
		}
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestA_full_disk_is_told(t *testing.T) {
	for name, err := range map[string]error{
		"text": export.WriteText(full{}, october(t), export.PT), "csv": export.WriteCSV(full{}, october(t), export.PT), "json": export.WriteJSON(full{}, october(t)),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
