package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

var (
	september = books.Month{Year: 2025, Month: time.September}
	october   = books.Month{Year: 2025, Month: time.October}
)

var studioZone = func() *time.Location {
	z, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		panic(err)
	}
	return z
}()

// place is a folder of backups.
type place struct {
	*Backups
	root string
}

func newPlace(t *testing.T) place {
	t.Helper()
	root := filepath.Join(t.TempDir(), "backups")
	return place{backupsIn(bucket.NewFolder(root, nil)), root}
}

func backupsIn(b bucket.Bucket) *Backups {
	clock := time.Date(2025, time.November, 1, 2, 0, 0, 123_456_000, studioZone)
	return &Backups{Bucket: b, Now: func() time.Time { return clock }, Zone: studioZone, Program: "extrato <test>", Salt: func() books.Salt { return books.Salt{0xe7} }}
}

func (p place) write(t *testing.T, month books.Month, rows []books.Row) Receipt {
	t.Helper()
	r, err := p.Write(t.Context(), month, books.Sequence(rows))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// check returns what verification finds of a copy, as the bucket lists it.
func (p place) check(t testing.TB, month books.Month, number int, known bool) Finding {
	t.Helper()
	copies, err := p.Copies(t.Context(), month)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(copies, func(c Copy) bool { return c.Number == number })
	if i < 0 {
		t.Fatalf("there is no copy %d among %+v", number, copies)
	}
	f, err := p.Check(t.Context(), copies[i], known)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (p place) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p place) get(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(p.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p place) put(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p.path(name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// snapshot returns the hash of every file below a folder, staged ones too.
func snapshot(t testing.TB, root string) map[string][32]byte {
	t.Helper()
	files := map[string][32]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// wantKept fails if a file that was there has changed or is gone, and if
// anything but the named files is new.
func wantKept(t testing.TB, root string, before map[string][32]byte, added ...string) {
	t.Helper()
	after := snapshot(t, root)
	for name, hash := range before {
		if after[name] != hash {
			t.Errorf("%s changed or is gone", name)
		}
		delete(after, name)
	}
	if got := slices.Sorted(maps.Keys(after)); !slices.Equal(got, slices.Sorted(slices.Values(added))) {
		t.Errorf("new files %q, want %q", got, added)
	}
}

// wants fails the test unless err is an Error of this kind and code.
func wants(t testing.TB, err error, kind books.ErrorKind, code string) {
	t.Helper()
	var e *books.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("got error %v (%#v), want kind %s, code %s", err, err, kind, code)
	}
}

func mustParse(v books.Value, text string) {
	if err := v.Parse([]byte(text)); err != nil {
		panic(err)
	}
}

func day(s string) (d books.Day)             { mustParse(&d, s); return d }
func money(s string) (m books.Money)         { mustParse(&m, s); return m }
func instant(s string) (i books.NullInstant) { mustParse(&i, s); return i }

// fixedRows are a month with everything that has ever hurt.
func fixedRows() []books.Row {
	made := instant("2025-10-01 03:00:00.000001")
	text := books.TextOf
	return []books.Row{
		&books.Payment{ID: 7, Date: day("2025-10-03"), Amount: money("450.00"), Method: "Pix", Note: text(""),
			ClientID: books.RefTo(3), ArtistID: 1, SessionID: books.RefTo(11), GoogleEventID: text("evt_7"),
			CreatedAt: made, UpdatedAt: made, ClientName: text("João"), ArtistName: text("Ana"), Deposit: true},
		&books.Payment{ID: 8, Date: day("2025-10-31"), Amount: money("-12.30"), Method: "Cartão; \"débito\", 2x",
			Note: text("linha 1\r\nlinha 2\rlinha 3\n"), Commission: books.NullMoney{V: money("0.10"), Valid: true}, ArtistID: 1,
			ArtistName: text("Ana")},
		&books.Payment{ID: 2147483647, Date: day("2025-10-01"), Amount: money("99999999.99"), Method: "", Note: text("=HYPERLINK(\"http://x\")"),
			ArtistID: 2, CreatedAt: made},
		&books.Session{ID: 11, Date: day("2025-09-28"), Time: text("14:30"), Amount: money("900.00"), Note: text("💉 \x00\x1b[31m\\ \\N NULL"),
			ClientID: 3, ArtistID: 1, Status: text("paid"), PaymentID: books.RefTo(7), CreatedAt: made, ClientName: text("João"), ArtistName: text("Ana")},
		&books.Commission{ID: 5, PaymentID: books.RefTo(7), ArtistID: 1, Percent: 6000, Amount: money("270.00"), Note: text(strings.Repeat("ç", 300)), CreatedAt: made},
		&books.Commission{ID: 6, ArtistID: 2, Percent: 1, Amount: money("0.00")},
		&books.Expense{ID: 1, Date: day("2025-10-15"), Amount: money("89.90"), Description: text(" tinta "), Method: "Dinheiro", CreatedBy: 1, CreatorName: text("Ana"), Category: text("Material")},
		&books.Link{SessionID: 12, PaymentID: 8},
		&books.Client{ID: 3, Name: "João", JotformID: text("jf-3"), CreatedAt: made},
		&books.Artist{ID: 1, Email: text("ana@studio.test"), Name: "Ana", Role: "artist", CreatedAt: made},
	}
}

// smallRows make a CSV that is small enough to damage at every byte.
func smallRows() []books.Row {
	return []books.Row{
		&books.Payment{ID: 7, Date: day("2025-10-03"), Amount: money("450.00"), Method: "Pix", Note: books.TextOf("a \"b\"\r\n"), ArtistID: 1},
		&books.Payment{ID: 8, Date: day("2025-10-04"), Amount: money("50.00"), Method: "Pix", Note: books.TextOf(""), ArtistID: 1},
		&books.Expense{ID: 1, Date: day("2025-10-15"), Amount: money("89.90"), Method: "Pix", CreatedBy: 1},
	}
}

var nasty = []string{
	"", " ", ",", ";", "a;b,c", "\r\n", "\n", "\r", "a\rb", "\t", `"`, `""`, `"""`, `\`, `\"`, `\.`, `\N`, "'", "=HYPERLINK(\"x\")", "-1", "@x", "+55",
	"João", "Joa\u0303o", "💉🐉", "👩\u200d🎨", "\x00", "\x01\x1b[31m", "\x7f", "\u0085", "\u2028\u2029", "\ufeff", "\ufffd", "NULL", "null", "0.30",
	strings.Repeat("ã", 256), strings.Repeat(`"`, 300),
}

var nastyText = rapid.Custom(func(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.String()), 0, 3).Draw(t, "parts"), "")
}).Filter(utf8.ValidString)

// fill gives a column any value that it may hold.
func fill(t *rapid.T, v books.Value) {
	var text string
	switch v.(type) {
	case *books.ID, *books.Ref:
		text = itoa(rapid.OneOf(rapid.Int64Range(1, 1<<31-1), rapid.Just[int64](1<<31-1)).Draw(t, "id"))
	case *books.Money, *books.NullMoney:
		text = books.Money(rapid.Int64Range(-99_999_999_99, 99_999_999_99).Draw(t, "centavos")).String()
	case *books.Percent:
		text = books.Percent(rapid.Int64Range(-999_99, 999_99).Draw(t, "percent")).String()
	case *books.Day, *books.NullDay:
		text = books.DayOf(time.Date(1900, 1, 1+rapid.IntRange(0, 300*366).Draw(t, "day"), 0, 0, 0, 0, time.UTC)).String()
	case *books.Instant, *books.NullInstant:
		text = books.Instant(rapid.Int64Range(-30_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "instant")).String()
	case *books.Mark:
		text = "true"
	case *books.String, *books.Text:
		text = nastyText.Draw(t, "text")
	default:
		t.Fatalf("no values for %T", v)
	}
	if v.Parse(nil) == nil && rapid.Bool().Draw(t, "null") {
		return
	}
	if err := v.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func itoa(n int64) string { id := books.ID(n); return string(id.AppendText(nil)) }

// anyRows are rows of every kind, in order, with anything in them.
var anyRows = rapid.Custom(func(t *rapid.T) []books.Row {
	var rows []books.Row
	for kind := range books.KindCount {
		ids := rapid.SliceOfNDistinct(rapid.Int64Range(1, 1<<31-1), 0, 4, rapid.ID[int64]).Draw(t, kind.String())
		for _, id := range ids {
			row := kind.New()
			for i, v := range row.AppendCopies(row.AppendValues(nil)) {
				if layout[kind][i] >= 0 { // what the backup leaves out comes back as NULL
					fill(t, v)
				}
			}
			mustParse(row.AppendValues(nil)[0], itoa(id))
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, books.Compare)
	return rows
})

// text shows everything a row holds, copies too, NULL told from the empty text.
func text(row books.Row) string { return string(books.AppendRowJSON([]byte(row.Kind().String()), row)) }

func texts(rows []books.Row) string {
	var all []string
	for _, row := range rows {
		all = append(all, text(row))
	}
	return strings.Join(all, "\n")
}

// encodeCSV is what a backup of these rows holds.
func encodeCSV(rows []books.Row) []byte {
	var out bytes.Buffer
	w := newCSVWriter(&out)
	for _, row := range rows {
		if err := w.add(row); err != nil {
			panic(err)
		}
	}
	if err := w.flush(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// faulty is a Bucket that breaks.
type faulty struct {
	bucket.Bucket
	fail  func(call string) error                  // before each call; nil does it
	alter func(name string, content []byte) []byte // what Open hands out
}

func (f *faulty) before(call string) error {
	if f.fail == nil {
		return nil
	}
	return f.fail(call)
}

func (f *faulty) Stage(ctx context.Context, near string) (bucket.Staged, error) {
	if err := f.before("stage"); err != nil {
		return nil, err
	}
	s, err := f.Bucket.Stage(ctx, near)
	return &faultyStaged{s, f}, err
}

func (f *faulty) List(ctx context.Context, folder string) ([]string, error) {
	if err := f.before("list"); err != nil {
		return nil, err
	}
	return f.Bucket.List(ctx, folder)
}

func (f *faulty) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := f.before("open"); err != nil {
		return nil, err
	}
	r, err := f.Bucket.Open(ctx, name)
	if err != nil || f.alter == nil {
		return &faultyReader{r, f}, err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return &faultyReader{io.NopCloser(bytes.NewReader(f.alter(name, content))), f}, err
}

type faultyReader struct {
	io.ReadCloser
	f *faulty
}

func (r *faultyReader) Read(p []byte) (int, error) {
	if err := r.f.before("read"); err != nil {
		return 0, err
	}
	return r.ReadCloser.Read(p)
}

type faultyStaged struct {
	bucket.Staged
	f *faulty
}

func (s *faultyStaged) Write(p []byte) (int, error) {
	if err := s.f.before("write"); err != nil {
		return 0, err
	}
	return s.Staged.Write(p)
}

func (s *faultyStaged) Commit(ctx context.Context, name string) error {
	if err := s.f.before("commit"); err != nil {
		return err
	}
	return s.Staged.Commit(ctx, name)
}

// Write makes a copy and waits for its end, whatever ctx says.
func (b *Backups) Write(ctx context.Context, month books.Month, rows books.Rows) (Receipt, error) {
	newest, err := b.Newest(ctx, month)
	if err != nil {
		return Receipt{}, err
	}
	u, err := b.Start(ctx, month, Before{Newest: newest}, rows, nil)
	if err != nil {
		return Receipt{}, err
	}
	defer u.Stop()
	<-u.done
	return u.Receipt(ctx)
}
