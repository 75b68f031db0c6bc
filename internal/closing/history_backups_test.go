package closing_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// corrupt damages a copy.
func (h *history) corrupt() {
	month, c := h.aCopy()
	h.damage(month, c)
}

// damage changes, cuts or removes one of a copy's two files, or loses both.
func (h *history) damage(month string, c *filed) {
	file := fileOf(month, c.number)
	there, same, original := &c.csv, &c.csvSame, c.csvBytes
	if h.chance("manifest", 2) {
		file, there, same, original = manifestOf(file), &c.manifest, &c.manifestSame, c.manifestBytes
	}
	path := filepath.Join(h.folder, file)
	switch damage := h.pick("damage", []string{"flip", "cut", "remove", "lose"}); {
	case damage == "lose": // the copy is gone, and its name stays its own
		for _, name := range []string{fileOf(month, c.number), manifestOf(fileOf(month, c.number))} {
			if err := os.Remove(filepath.Join(h.folder, name)); !errors.Is(err, fs.ErrNotExist) {
				h.must(err)
			}
		}
		c.csv, c.manifest = false, false
	case !*there: // twice is not worse
	case damage == "remove":
		h.must(os.Remove(path))
		*there = false
	case damage == "cut":
		h.must(os.WriteFile(path, original[:rapid.IntRange(0, len(original)-1).Draw(h.t, "length")], 0o600))
		*same = false
	default:
		text := slices.Clone(original)
		text[rapid.IntRange(0, len(text)-1).Draw(h.t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(h.t, "bits"))
		h.must(os.WriteFile(path, text, 0o600))
		*same = false
	}
}

// repair brings a copy back as it was, as a second disk would.
func (h *history) repair() {
	month, c := h.aCopy()
	if c.whole() {
		h.t.Skip("is whole")
	}
	file := fileOf(month, c.number)
	h.must(os.WriteFile(filepath.Join(h.folder, file), c.csvBytes, 0o600))
	h.must(os.WriteFile(filepath.Join(h.folder, manifestOf(file)), c.manifestBytes, 0o600))
	c.csv, c.manifest, c.csvSame, c.manifestSame = true, true, true, true
}

func (h *history) aCopy() (string, *filed) {
	var all []string
	for month, copies := range h.m.copies {
		for _, c := range copies {
			if !c.unrecorded { // nobody knows what was there
				all = append(all, month+" "+strconv.Itoa(c.number))
			}
		}
	}
	if len(all) == 0 {
		h.t.Skip("no backup")
	}
	slices.Sort(all)
	month, number, _ := strings.Cut(h.pick("copy", all), " ")
	n, err := strconv.Atoi(number)
	h.must(err)
	return month, h.m.copies[month][n-1]
}

func (h *history) verify() {
	month := h.month()
	want := h.m.verified(month)
	found, err := h.c.VerifyBackups(h.ctx, h.books(month), "")
	h.expect("verify "+month, err)
	got := map[string]string{}
	for _, v := range found {
		got[v.File] = string(v.State)
	}
	if !maps.Equal(got, want) {
		h.t.Fatalf("backups of %s are %v, want %v", month, got, want)
	}
	h.nowRecorded()
}

// verifyAll looks at every month that has a backup, whether it has rows or not.
func (h *history) verifyAll() {
	want := map[string]string{}
	for month := range h.m.copies {
		maps.Copy(want, h.m.verified(month))
	}
	found, err := h.c.VerifyBackups(h.ctx, books.Month{}, "")
	h.expect("verify", err)
	got := map[string]string{}
	for _, v := range found {
		got[v.File] = string(v.State)
	}
	if !maps.Equal(got, want) {
		h.t.Fatalf("all backups are %v, want %v", got, want)
	}
	h.nowRecorded()
}

func (h *history) list() {
	infos, err := h.c.Months(h.ctx)
	h.must(err)
	var got, want []string
	for _, i := range infos {
		got = append(got, fmt.Sprintf("%s %s %d %d %d", i.Month, i.State, i.Revision, i.Counts.Total(), i.Late.Total()))
	}
	for _, month := range h.m.months() {
		rows, late := h.m.monthRows(month).count(), 0
		if s := h.m.statements[month]; s != nil {
			rows, late = s.rows.count(), rows
		}
		want = append(want, fmt.Sprintf("%s %s %d %d %d", month, h.m.state(month), h.m.revision[month], rows, late))
	}
	if !slices.Equal(got, want) {
		h.t.Fatalf("months are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	brief, err := h.c.MonthStates(h.ctx)
	h.must(err)
	for i, m := range infos {
		if m.State != closing.IsClosed && m.State != closing.Late {
			infos[i].Counts = books.Counts{}
		}
	}
	if !reflect.DeepEqual(brief, infos) {
		h.t.Fatalf("the months' states are\n%+v\nwant\n%+v", brief, infos)
	}
}
