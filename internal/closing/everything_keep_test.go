package closing_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/recovery"
)

// keeping makes each act of the closer write its entry at once, as the program
// does, and returns the errors of it.
func (s *studio) keeping() *[]error {
	var failed []error
	k := s.keeper()
	s.Keep = func(ctx context.Context) {
		if _, err := k.Keep(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return &failed
}

// objects are all files of the folder, with their contents.
func (s *studio) objects(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(s.Folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(s.Folder, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return all
}

// in are the names of the files in a folder.
func (s *studio) in(t testing.TB, folder string) []string {
	t.Helper()
	names := slices.Sorted(maps.Keys(s.objects(t)))
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, folder+"/") })
}

func (s *studio) missing(t testing.TB) []string {
	t.Helper()
	missing, err := s.keeper().Missing(t.Context())
	must(t, err)
	return missing
}

func TestKeep_writes_each_act_at_once(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		failed := s.keeping()
		s.fullOctober(t)
		s.close(t, october, false)
		s.reopen(t, october)
		s.Exec(t, "DELETE FROM gastos WHERE id = 2")
		s.restore(t, october)
		s.close(t, october, false)
		want := []string{"registro/000001.json", "registro/000002.json", "registro/000003.json", "registro/000004.json"}
		if got := s.in(t, "registro"); !slices.Equal(got, want) || len(*failed) > 0 {
			t.Errorf("the register is %v, after %v; want %v", got, *failed, want)
		}
	})
}

func TestKeep_that_fails_fails_no_close_and_is_made_up_for(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		failed := s.keeping()
		s.fullOctober(t)
		must(t, os.MkdirAll(s.Folder, 0o700))
		obstacle := filepath.Join(s.Folder, "registro")
		must(t, os.WriteFile(obstacle, nil, 0o600)) // where a folder must be
		s.close(t, september, false)
		s.close(t, october, false)
		if len(*failed) != 2 || books.AsError((*failed)[0]).Kind != books.Refused {
			t.Errorf("keeping ended with %v, want two refusals", *failed)
		}
		must(t, os.Remove(obstacle))
		if missing := s.missing(t); len(missing) != 2 {
			t.Errorf("missing are %v", missing)
		}
		if kept, err := s.keeper().Keep(t.Context()); err != nil || kept.Entries != 2 || len(s.missing(t)) > 0 {
			t.Errorf("kept %+v, %v; missing are %v", kept, err, s.missing(t))
		}
	})
}

func TestKeep_overwrites_nothing_and_names_what_differs(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.kept(t)
		if problems, err := s.keeper().Check(t.Context()); err != nil || len(problems) > 0 {
			t.Fatalf("a whole register: %v, %v", problems, err)
		}
		kept := append(s.in(t, "registro"), s.in(t, "estudio")...)
		if len(kept) != 9 { // 7 entries, v4's statement, the live rows
			t.Fatalf("kept are %v", kept)
		}
		for _, file := range kept {
			path := filepath.Join(s.Folder, file)
			whole, err := os.ReadFile(path)
			must(t, err)
			other := slices.Concat(whole[:len(whole)/2], []byte{whole[len(whole)/2] ^ 1}, whole[len(whole)/2+1:])
			must(t, os.WriteFile(path, other, 0o600))
			if _, err := s.keeper().Keep(t.Context()); err != nil {
				t.Errorf("keep beside a damaged %s: %v", file, err)
			}
			problems, err := s.keeper().Check(t.Context())
			must(t, err)
			if len(problems) != 1 || !strings.Contains(problems[0], file) {
				t.Errorf("%s is damaged, and the check says %q", file, problems)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != string(other) {
				t.Errorf("%s was overwritten, %v", file, err)
			}
			must(t, os.WriteFile(path, whole, 0o600))
		}
	})
}

// A database that was put back from an older copy and closes on has other entries
// under the same numbers.
func TestKeep_refuses_the_folder_of_another_history(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		s.kept(t)
		other := s.fresh(t)
		other.fullOctober(t)
		must(t, os.Remove(filepath.Join(s.Folder, "registro", "000001.json")))
		other.close(t, october, false)
		_, err := other.keeper().Keep(t.Context())
		must(t, err)
		before := s.objects(t)
		if _, err := s.keeper().Keep(t.Context()); err != nil {
			t.Errorf("a look by names: %v", err)
		}
		problems, err := s.keeper().Check(t.Context())
		if err != nil || len(problems) == 0 || !strings.Contains(problems[0], "registro/000001.json") {
			t.Errorf("the check says %q, %v", problems, err)
		}
		if !maps.Equal(before, s.objects(t)) {
			t.Error("the folder changed")
		}
	})
}

func TestKeepStudio_writes_only_what_changed_and_not_too_often(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.keptStudio(t)
		if first == "" {
			t.Fatal("no copy")
		}
		s.Clock = s.Clock.Add(recovery.StudioEvery)
		if again := s.keptStudio(t); again != "" {
			t.Errorf("an unchanged studio was copied as %s", again)
		}
		s.payment(t, 7, "2025-11-01", "1.00")
		s.Clock = s.Clock.Add(-1)
		if early, err := s.keeper().KeepStudio(t.Context(), recovery.StudioEvery); err != nil || early != "" {
			t.Errorf("a copy before its time: %s, %v", early, err)
		}
		s.Clock = s.Clock.Add(1)
		if due, err := s.keeper().KeepStudio(t.Context(), recovery.StudioEvery); err != nil || due <= first {
			t.Errorf("the next copy is %q, %v", due, err)
		}
	})
}
