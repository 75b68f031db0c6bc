package backup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestExpendable_never_takes_the_newest_copies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2025, time.November, 29, 0, 0, 0, 0, time.UTC)
		minutes := rapid.SliceOfN(rapid.IntRange(0, 100*24*60), 1, 300).Draw(t, "minutes")
		var names, copies []string
		for _, m := range minutes {
			stem := FullFolder + "/" + start.Add(time.Duration(m)*time.Minute).Format(fullTime)
			copies = append(copies, stem+".sqlite")
			names = append(names, stem+".sqlite", stem+".manifest.json")
		}
		verified := rapid.SampledFrom(copies).Draw(t, "verified")
		foreign := []string{FullFolder + "/notes.txt", "2025_10/backup_2025_10.csv", "registro/000013.json", "2025_10/20250101T000000Z.sqlite"}
		gone := Expendable(slices.Concat(names, foreign), verified)
		left := func(name string) bool { return !slices.Contains(gone, name) }
		newest := slices.Max(copies)
		for _, name := range slices.Concat(foreign, []string{newest, verified, ManifestOf(newest), ManifestOf(verified)}) {
			if !left(name) {
				t.Fatalf("%s would be removed", name)
			}
		}
		hours, days := map[string]bool{}, map[string]bool{}
		slices.Sort(copies)
		for _, name := range slices.Backward(slices.Compact(copies)) {
			hour, day := name[:len(FullFolder)+12], name[:len(FullFolder)+9]
			must := !hours[hour] && len(hours) < keepHourly || !days[day] && len(days) < keepDaily
			if must && !left(name) {
				t.Fatalf("%s is the newest of its hour or day, and would be removed", name)
			}
			if !must && name != verified && left(name) {
				t.Fatalf("%s would stay", name)
			}
			hours[hour], days[day] = true, true
			if left(name) != left(ManifestOf(name)) {
				t.Fatalf("%s and its manifest part", name)
			}
		}
		if again := Expendable(slices.DeleteFunc(slices.Concat(names, foreign), func(n string) bool { return !left(n) }), verified); len(again) > 0 {
			t.Fatalf("a second time would remove %q", again)
		}
	})
}

func TestExpendable_leaves_the_manifest_of_a_copy_in_progress(t *testing.T) {
	names := []string{"inteiro/20251001T000000Z.sqlite", "inteiro/20251001T000000Z.manifest.json", "inteiro/20251001T001500Z.manifest.json"}
	if gone := Expendable(names, ""); len(gone) > 0 {
		t.Errorf("%q would be removed", gone)
	}
	if gone := Expendable([]string{names[2]}, ""); len(gone) > 0 {
		t.Errorf("%q would be removed", gone)
	}
}

func TestKeepFull_reads_back_and_is_never_overwritten(t *testing.T) {
	p := newPlace(t)
	m, err := p.KeepFull(t.Context(), FullManifest{Database: "sqlite"}, strings.NewReader("whole"))
	if err != nil || m.File != "inteiro/20251101T050000Z.sqlite" || m.Size != 5 {
		t.Fatalf("kept %+v, %v", m, err)
	}
	other, err := p.KeepFull(t.Context(), FullManifest{Database: "sqlite"}, strings.NewReader("other"))
	if err != nil || other.File != "inteiro/20251101T050001Z.sqlite" {
		t.Errorf("the second copy is %+v, %v", other, err)
	}
	var out strings.Builder
	if _, err := ReadFull(t.Context(), p.Bucket, m.File, &out); err != nil || out.String() != "whole" {
		t.Errorf("reads %q, %v", out.String(), err)
	}
	newest, err := p.NewestFull(t.Context())
	if err != nil || newest.File != other.File {
		t.Errorf("the newest is %+v, %v", newest, err)
	}
}

func TestReadFull_finds_every_changed_byte(t *testing.T) {
	p := newPlace(t)
	m, err := p.KeepFull(t.Context(), FullManifest{Database: "sqlite", Rows: map[string]int64{"pagamentos": 3}}, strings.NewReader("whole"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{m.File, ManifestOf(m.File)} {
		text := p.get(t, name)
		for i := range text {
			changed := slices.Clone(text)
			changed[i] ^= 1
			p.put(t, name, changed)
			if _, err := ReadFull(t.Context(), p.Bucket, m.File, &strings.Builder{}); err == nil {
				t.Fatalf("byte %d of %s was changed, and it reads well", i, name)
			}
		}
		p.put(t, name, text)
	}
}
