package closing_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
)

// TestDrill_names_any_flipped_bit flips one bit of a backup, its manifest, the
// stored statement or the chain's entry: of any line of a file, so that every
// kind of row has its turn, and of any column.
func TestDrill_names_any_flipped_bit(t *testing.T) {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	both(t, func(t *testing.T, s *studio) {
		setRapid(t, given, 60)
		s.fullOctober(t)
		s.close(t, october, false)
		defer s.Unguard(t)()
		came := map[string]int{}
		rapid.Check(t, func(rt *rapid.T) {
			switch place := rapid.SampledFrom([]string{firstCopy, firstManifest, "extratos", "closings", "closing_details"}).Draw(rt, "place"); place {
			case firstCopy, firstManifest:
				came[place]++
				s.flipInFile(t, rt, place)
			default:
				came[place+": "+s.flipInTable(t, rt, place)]++
			}
		})
		s.wantDrill(t, october, store.DrillEqual)
		t.Log(counted(came))
	})
}

// flipped returns text with one bit of one byte changed.
func flipped(rt *rapid.T, text string) string {
	line := rapid.SampledFrom(strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")).Draw(rt, "line")
	from := strings.Index(text, line)
	b := []byte(text)
	b[from+rapid.IntRange(0, len(line)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
	return string(b)
}

func (s *studio) flipInFile(t *testing.T, rt *rapid.T, file string) {
	whole, err := os.ReadFile(filepath.Join(s.Folder, filepath.FromSlash(file)))
	if err != nil {
		rt.Fatal(err)
	}
	s.put(t, file, flipped(rt, string(whole)))
	defer s.put(t, file, string(whole))
	d, err := s.Drill(t.Context(), october, s.Backups)
	if err != nil || d.Result != store.DrillDifferent || d.File != firstCopy || d.Month != october {
		rt.Fatalf("%+v, %v", d, err)
	}
	if !strings.Contains(d.Reason, "the statement of 2025-10 in the database still holds every row") || !strings.Contains(d.Next, "extrato backup create 2025-10") {
		rt.Fatalf("the reason is %q, next %q", d.Reason, d.Next)
	}
}

// flipInTable returns how the change was found. The folder is whole, and so is
// what the drill says of it.
func (s *studio) flipInTable(t *testing.T, rt *rapid.T, table string) string {
	columns := s.columns(t, table)
	column := rapid.SampledFrom(columns).Filter(func(c string) bool { return table+"."+c != "extratos.id" }).Draw(rt, "column")
	from := " FROM " + s.qualified(table)
	old := s.texts(t, "SELECT CAST("+column+" AS TEXT)"+from)[0]
	if old == "" {
		rt.Skip("is empty")
	}
	cast := ""
	if s.Path == "" {
		cast = "::text::" + s.texts(t, "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2", s.qualified(table), column)[0]
	}
	set := func(value string) error {
		_, err := s.SQL.ExecContext(t.Context(), "UPDATE "+s.qualified(table)+" SET "+column+" = $1"+cast, value)
		return err
	}
	if set(flipped(rt, old)) != nil {
		rt.Skip("the database refuses it")
	}
	defer func() {
		if err := set(old); err != nil {
			rt.Fatal(err)
		}
	}()
	if again := s.texts(t, "SELECT CAST("+column+" AS TEXT)"+from)[0]; again == old {
		rt.Skip("the database takes it for the same") // blanks around JSON of v4's type
	}
	d, err := s.Drill(t.Context(), october, s.Backups)
	if e := books.AsError(err); e != nil {
		if e.Kind != books.Integrity || e.Hint == "" || !named.MatchString(e.Message) {
			rt.Fatalf("%s.%s: %+v", table, column, e)
		}
		return "refused"
	}
	if d.Result != store.DrillDifferent || d.File != firstCopy || d.Next == "" ||
		!strings.Contains(d.Reason, "still holds every row") && !strings.Contains(d.Reason, "is whole and holds") {
		rt.Fatalf("%s.%s: %+v", table, column, d)
	}
	return "named"
}
