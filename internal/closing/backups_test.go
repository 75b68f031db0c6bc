package closing_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
)

const (
	firstCopy     = "2025_10/backup_2025_10.csv"
	firstManifest = "2025_10/backup_2025_10.manifest.json"
	secondCopy    = "2025_10/backup_2025_10.r2.csv"
)

// remove removes a file from the backup folder.
func (s *studio) remove(t testing.TB, file string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.Folder, filepath.FromSlash(file))); err != nil {
		t.Fatal(err)
	}
}

// put writes a file into the backup folder.
func (s *studio) put(t testing.TB, file, text string) {
	t.Helper()
	path := filepath.Join(s.Folder, filepath.FromSlash(file))
	if err := errorsJoin(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// wantVerified asserts what verifying October finds, and that Months and
// ListBackups remember it. want is "file state, …".
func (s *studio) wantVerified(t testing.TB, want, remembered string) {
	t.Helper()
	var got []string
	for _, v := range s.verify(t, october, "") {
		got = append(got, v.File+" "+string(v.State))
		if (v.Reason == "") != (v.State == backup.OK) {
			t.Errorf("%s is %s because %q", v.File, v.State, v.Reason)
		}
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("verified as %s, want %s", got, want)
	}
	if info := s.month(t, october); info.Backup != remembered {
		t.Errorf("remembered as %s, want %s", info.Backup, remembered)
	}
}

func TestVerifyBackups_tells_every_state_and_remembers_it(t *testing.T) {
	states := []struct {
		name, want, remembered string
		make                   func(*testing.T, *studio)
	}{
		{"nothing", "", "unverified", func(*testing.T, *studio) {}},
		{"whole", firstCopy + " ok", "verified", func(t *testing.T, s *studio) { s.backUp(t, october) }},
		{"closed", firstCopy + " ok", "verified", func(t *testing.T, s *studio) { s.close(t, october, false) }},
		{"rows_changed_since", firstCopy + " stale", "stale", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.expense(t, 80, "2025-10-09", "1.00")
		}},
		{"closed_with_other_rows_since", firstCopy + " ok, " + secondCopy + " stale", "stale", func(t *testing.T, s *studio) {
			s.close(t, october, false)
			s.expense(t, 80, "2025-10-09", "1.00")
			s.backUp(t, october)
			s.Exec(t, "DELETE FROM gastos WHERE id = 80")
		}},
		{"backed_up_with_late_rows", firstCopy + " ok, " + secondCopy + " ok", "verified", func(t *testing.T, s *studio) {
			s.close(t, october, false)
			s.expense(t, 80, "2025-10-09", "1.00")
			s.backUp(t, october)
		}},
		{"reopened", firstCopy + " ok", "verified", func(t *testing.T, s *studio) {
			s.close(t, october, false)
			s.reopen(t, october)
		}},
		{"killed_before_the_file", firstCopy + " incomplete", "unverified", func(t *testing.T, s *studio) { s.put(t, firstManifest, "{}") }},
		{"killed_after_a_whole_one", firstCopy + " ok, " + secondCopy + " incomplete", "verified", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.put(t, strings.Replace(firstManifest, ".manifest", ".r2.manifest", 1), "{}")
		}},
		{"v4s", firstCopy + " legacy", "unverified", func(t *testing.T, s *studio) { s.put(t, firstCopy, "type,id\n") }},
		{"a_byte_changed", firstCopy + " corrupt", "corrupt", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.damage(t, firstCopy, func(text string) string { return strings.Replace(text, "Pix", "Pax", 1) })
		}},
		{"a_byte_changed_in_the_manifest", firstCopy + " corrupt", "corrupt", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.damage(t, firstManifest, func(text string) string { return strings.Replace(text, `"gasto": 2`, `"gasto": 3`, 1) })
		}},
		{"manifest_gone", firstCopy + " corrupt", "corrupt", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.remove(t, firstManifest)
		}},
		{"file_gone", firstCopy + " missing", "missing", func(t *testing.T, s *studio) {
			s.close(t, october, false)
			s.remove(t, firstCopy)
		}},
		{"file_and_manifest_gone", firstCopy + " missing", "missing", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			s.remove(t, firstCopy)
			s.remove(t, firstManifest)
		}},
		{"another_whole_backup_in_its_place", firstCopy + " corrupt", "corrupt", func(t *testing.T, s *studio) {
			s.backUp(t, october)
			whole := s.files(t)
			s.remove(t, firstCopy)
			s.remove(t, firstManifest)
			u, err := s.Backups.Start(t.Context(), october, backup.Before{}, s.otherRows(t), nil)
			if err == nil {
				_, err = u.Receipt(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.files(t)[firstCopy] == whole[firstCopy] {
				t.Fatal("it is the same backup")
			}
		}},
	}
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.fullOctober(t)
				state.make(t, s)
				before := s.dump(t)
				files := fmt.Sprint(s.files(t))
				s.wantVerified(t, state.want, state.remembered)
				wantSame(t, "verification changed something", before, s.dump(t))
				if fmt.Sprint(s.files(t)) != files {
					t.Error("verification changed a file")
				}
			})
		})
	}
}

// otherRows returns rows that are not those of any backup so far.
func (s *studio) otherRows(t *testing.T) books.Rows {
	t.Helper()
	var all []books.Row
	for _, row := range liveRows(t, s.SQL, scene{}) {
		all = append(all, row)
	}
	return books.Sequence(all)
}

func TestVerifyBackups_of_all_months_reads_those_without_rows_too(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.expense(t, 1, "2025-03-09", "1.00")
		march := month2025(time.March)
		file := s.backUp(t, march).File
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM gastos") // nothing but the backup knows of March
		found := s.verify(t, books.Month{}, "")
		if len(found) != 2 || found[0].Month != march || found[0].State != backup.Stale || found[1].State != backup.OK {
			t.Errorf("verified %+v", found)
		}
		s.remove(t, file)
		if found = s.verify(t, books.Month{}, ""); len(found) != 2 || found[0].State != backup.Missing {
			t.Errorf("without the file: %+v", found)
		}
		list, err := s.ListBackups(t.Context(), books.Month{})
		if err != nil || len(list) != 2 || list[0].Month != march || list[0].State != "missing" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

func TestVerifyBackups_takes_one_file_by_name_and_refuses_what_is_none(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.expense(t, 80, "2025-10-09", "1.00")
		s.backUp(t, october)
		if v := s.verify(t, books.Month{}, firstCopy); len(v) != 1 || v[0].State != backup.Stale {
			t.Errorf("the first copy is %+v", v)
		}
		if v := s.verify(t, october, ""); len(v) != 1 || v[0].File != secondCopy || v[0].State != backup.OK {
			t.Errorf("by default it reads %+v", v)
		}
		for file, code := range map[string]string{
			"2025_10/backup_2025_10.r9.csv": "no_backup", "../etc/passwd": "invalid_file",
			firstManifest: "invalid_file", "2025_10/backup_2025_11.csv": "invalid_file", "2025_10/backup_2025_10.r1.csv": "invalid_file",
		} {
			if _, err := s.VerifyBackups(t.Context(), books.Month{}, file); err == nil || books.AsError(err).Code != code {
				t.Errorf("%s is refused with %v, want %s", file, err, code)
			}
		}
	})
}

func TestVerifyBackups_makes_a_whole_copy_known_that_the_database_forgot(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM "+s.own("backups")) // an older dump of the database
		s.wantVerified(t, firstCopy+" ok", "verified")
		if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")+" WHERE file = $1", firstCopy); n != 1 {
			t.Error("it is not known")
		}
	})
}

func TestListBackups_lists_every_copy_with_what_is_known_of_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.expense(t, 80, "2025-10-09", "1.00")
		r := s.close(t, october, false)
		s.put(t, "2025_09/backup_2025_09.csv", "type,id\n")
		list, err := s.ListBackups(t.Context(), books.Month{})
		if err != nil || len(list) != 3 {
			t.Fatalf("listed %+v, %v", list, err)
		}
		if l := list[0]; l.Month != september || l.State != "unverified" || l.Statement || l.SHA256 != "" {
			t.Errorf("v4's is listed as %+v", l)
		}
		if l := list[1]; l.File != firstCopy || l.Copy != 1 || l.State != "ok" || l.Statement {
			t.Errorf("the first is listed as %+v", l)
		}
		if l := list[2]; l.File != secondCopy || l.Copy != 2 || !l.Statement || l.SHA256 != r.Backup.SHA256 || l.VerifiedAt != "2025-11-02T15:00:00.000000Z" {
			t.Errorf("the statement's is listed as %+v", l)
		}
		if list, err = s.ListBackups(t.Context(), september); err != nil || len(list) != 1 {
			t.Errorf("of September it lists %+v, %v", list, err)
		}
	})
}

func TestCreateBackup_writes_nothing_where_a_proved_copy_of_exactly_these_rows_is(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.backUp(t, october)
		for range 5 {
			if again := s.backUp(t, october); !again.Reused || again.File != first.File || again.SHA256 != first.SHA256 {
				t.Errorf("again gives %+v", again)
			}
		}
		closed := s.close(t, october, false)
		for range 3 { // of a closed month it is the statement's
			if again := s.backUp(t, october); !again.Reused || again.Fingerprint != closed.Fingerprint {
				t.Errorf("of the closed month it gives %+v", again)
			}
		}
		s.reopen(t, october)
		s.close(t, october, false)
		if got := strings.Join(s.fileNames(t), " "); got != firstCopy+" "+firstManifest {
			t.Errorf("the folder holds %s", got)
		}
	})
}

func TestCreateBackup_never_reuses_a_damaged_copy_and_never_overwrites_one(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.damage(t, firstCopy, func(text string) string { return text[:len(text)-5] })
		damaged := s.files(t)
		r := s.backUp(t, october)
		if r.Reused || r.File != secondCopy {
			t.Errorf("it gives %+v", r)
		}
		after := s.files(t)
		for name, text := range damaged {
			if after[name] != text {
				t.Errorf("%s was changed", name)
			}
		}
		for name := range after {
			info, err := os.Stat(filepath.Join(s.Folder, filepath.FromSlash(name)))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
			}
		}
	})
}

func TestCreateBackup_of_the_running_month_holds_its_rows_so_far(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		r := s.backUp(t, november)
		if r.Counts() != (books.Counts{Payments: 1, Commissions: 1, Expenses: 1}) {
			t.Errorf("it holds %+v", r.Counts())
		}
		if r.Fingerprint != s.live(t, november) {
			t.Error("it holds other rows")
		}
	})
}

func TestClose_leaves_no_heap_of_backups_when_it_is_tried_again_and_again(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		failing := true
		s.Step = func(step string) {
			if step == "chain grown" && failing {
				panic("killed")
			}
		}
		for range 5 {
			func() {
				defer func() { _ = recover() }()
				s.close(t, october, false)
			}()
		}
		failing = false
		s.close(t, october, false)
		if got := s.fileNames(t); len(got) != 2 {
			t.Errorf("six tries left %v", got)
		}
		s.wantWhole(t)
	})
}

func TestCreateBackup_begins_anew_in_another_place_only_if_a_person_says_so(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		s.payment(t, 90, "2025-09-05", "1.00")
		if err := os.RemoveAll(s.Folder); err != nil {
			t.Fatal(err)
		}
		e := s.refused(t, books.Refused, "backup_unwritable", func() error {
			_, err := s.CreateBackup(t.Context(), october, "test")
			return err
		})
		if !strings.Contains(e.Hint, "--new-place") {
			t.Errorf("the hint is %q", e.Hint)
		}
		s.NewPlace = true
		r := s.backUp(t, october)
		s.NewPlace = false
		if r.File == first.Backup.File || r.Fingerprint != first.Fingerprint {
			t.Errorf("the new copy is %s, of %s", r.File, r.Fingerprint)
		}
		s.close(t, september, false) // the place is known again
	})
}

func TestBackups_that_cannot_be_listed_are_refused_with_what_to_do(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if err := os.WriteFile(s.Folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func() error{
			"list":    func() error { _, err := s.ListBackups(t.Context(), books.Month{}); return err },
			"verify":  func() error { _, err := s.VerifyBackups(t.Context(), october, ""); return err },
			"restore": func() error { _, err := s.Restore(t.Context(), october, "", false, "test"); return err },
		} {
			err := do()
			if e := books.AsError(err); err == nil || e.Code != "backups_unreadable" || e.Hint == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
