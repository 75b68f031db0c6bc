package backup

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// State is the result of verifying a backup.
type State string

// The states of a backup.
const (
	OK         State = "ok"
	Stale      State = "stale"      // whole, but of other rows than the month has
	Incomplete State = "incomplete" // a manifest without a file: the program was killed
	Legacy     State = "legacy"     // an unrecorded file without a manifest: v4's
	Corrupt    State = "corrupt"    // damaged
	Missing    State = "missing"    // the database knows it, the bucket does not
)

// Copy is one copy of a month's backup, as the names in the bucket tell.
type Copy struct {
	Month    books.Month
	Number   int
	File     string
	HasFile  bool
	Manifest bool
}

// Legacy reports whether the copy is a file without a manifest, as v4 writes.
func (c Copy) Legacy() bool { return c.HasFile && !c.Manifest }

const manifestSuffix = ".manifest.json"

// ManifestOf returns the name of a file's manifest.
func ManifestOf(file string) string { return strings.TrimSuffix(file, path.Ext(file)) + manifestSuffix }

// IsManifest reports whether an object is a manifest.
func IsManifest(name string) bool { return strings.HasSuffix(name, manifestSuffix) }

// Copies returns a month's copies in any state, by number.
func (b *Backups) Copies(ctx context.Context, month books.Month) ([]Copy, error) {
	return b.copies(ctx, month)
}

func (b *Backups) copies(ctx context.Context, month books.Month) ([]Copy, error) {
	folder := path.Dir(fileName(month, 1))
	names, err := b.Bucket.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	found := map[int]*Copy{}
	for _, name := range names {
		number, isManifest, ok := copyNumber(month, name)
		if !ok {
			continue
		}
		if found[number] == nil {
			found[number] = &Copy{Month: month, Number: number, File: fileName(month, number)}
		}
		if isManifest {
			found[number].Manifest = true
		} else {
			found[number].HasFile = true
		}
	}
	var all []Copy
	for _, n := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[n])
	}
	return all, nil
}

// Months returns the months with a copy in any state, oldest first.
func (b *Backups) Months(ctx context.Context) ([]books.Month, error) {
	folders, err := b.Bucket.Folders(ctx)
	if err != nil {
		return nil, err
	}
	var months []books.Month
	for _, name := range folders {
		month, err := books.ParseMonth(strings.Replace(name, "_", "-", 1))
		if err != nil || path.Dir(fileName(month, 1)) != name {
			continue // somebody else's
		}
		copies, err := b.copies(ctx, month)
		if err != nil {
			return nil, err
		}
		if len(copies) > 0 {
			months = append(months, month)
		}
	}
	return months, nil
}

func copyNumber(month books.Month, name string) (number int, manifest, ok bool) {
	base, isManifest := strings.CutSuffix(name, manifestSuffix)
	base, isFile := strings.CutSuffix(base, ".csv")
	rest, ok := strings.CutPrefix(base, strings.TrimSuffix(fileName(month, 1), ".csv"))
	if !ok || isManifest == isFile {
		return 0, false, false
	}
	if rest == "" {
		return 1, isManifest, true
	}
	digits, ok := strings.CutPrefix(rest, ".r")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 2 || n > maxCopies || strconv.Itoa(n) != digits {
		return 0, false, false
	}
	return n, isManifest, true
}

// newestWhole returns the number of the newest copy with both of its parts, 0
// if there is none.
func newestWhole(copies []Copy) int {
	for _, c := range slices.Backward(copies) {
		if c.HasFile && c.Manifest {
			return c.Number
		}
	}
	return 0
}

// Finding is the result of verifying one copy.
type Finding struct {
	Month    books.Month
	File     string
	State    State // never Stale: the caller knows the rows to compare with
	Reason   string
	Manifest Manifest // if the copy is OK
}

// Check reads back every byte of one copy. known means: the database has
// recorded it. Its error means the check itself could not be made.
func (b *Backups) Check(ctx context.Context, c Copy, known bool) (Finding, error) {
	f := Finding{Month: c.Month, File: c.File}
	switch {
	case !c.HasFile && known:
		f.State, f.Reason = Missing, "the file is gone"
		return f, nil
	case !c.HasFile:
		f.State, f.Reason = Incomplete, "a backup was interrupted before its file was in place"
		return f, nil
	case !c.Manifest && known:
		f.State, f.Reason = Corrupt, "its manifest is gone"
		return f, nil
	case !c.Manifest:
		f.State, f.Reason = Legacy, "a file of v4's, without a manifest"
		return f, nil
	}
	m, err := b.prove(ctx, c.Month, c.Number, nil)
	var found *books.Error
	switch {
	case err == nil:
		f.State, f.Manifest = OK, m
	case errors.As(err, &found) && found.Kind == books.Integrity:
		f.State, f.Reason = Corrupt, err.Error()
	case errors.Is(err, bucket.ErrNotExist):
		f.State, f.Reason = Missing, "the file is gone"
	default:
		return f, err
	}
	return f, nil
}

// ParseFile returns the copy with a file name inside the bucket. It fails with
// an Error of kind Invalid.
func ParseFile(name string) (Copy, error) {
	bad := books.Invalidf("invalid_file", "%q is not the name of a backup", name).
		WithHint("write it as backup list shows it, such as 2025_10/backup_2025_10.csv")
	folder, _, ok := strings.Cut(name, "/")
	year, number, ok2 := strings.Cut(folder, "_")
	month, err := books.ParseMonth(year + "-" + number)
	if !ok || !ok2 || err != nil {
		return Copy{}, bad
	}
	n, manifest, ok := copyNumber(month, name)
	if !ok || manifest {
		return Copy{}, bad
	}
	return Copy{Month: month, Number: n, File: name}, nil
}

// manifest reads a copy's manifest and checks the month and number in it.
func (b *Backups) manifest(ctx context.Context, month books.Month, n int) (Manifest, error) {
	file := fileName(month, n)
	in, err := b.Bucket.Open(ctx, ManifestOf(file))
	if err != nil {
		return Manifest{}, err
	}
	defer in.Close()
	m, err := decodeManifest(in)
	if err == nil && (m.Month != month || m.Copy != n || m.File != file) {
		err = corruptf("the manifest is that of %s", m.File)
	}
	return m, err
}

// compare compares the content read back with the manifest.
func (m Manifest) compare(found *contents, sha string, size int64) error {
	switch {
	case size != m.Size:
		return corruptf("the file has %d bytes, its manifest says %d", size, m.Size)
	case sha != m.SHA256:
		return corruptf("the file's bytes are not those that were written")
	case found.digest.Sum() != m.Fingerprint:
		return corruptf("the file's rows are not those that its manifest names")
	case !maps.Equal(found.rows, m.Rows):
		return corruptf("the file's rows are not as many as its manifest says")
	case !maps.Equal(found.sums, m.Sums):
		return corruptf("the file's amounts do not add up to what its manifest says")
	}
	return nil
}

// absent explains why a copy has no rows to restore: it is missing, or v4's.
func (b *Backups) absent(ctx context.Context, c Copy) error {
	copies, err := b.copies(ctx, c.Month)
	if err != nil {
		return err
	}
	for _, there := range copies {
		if there.File == c.File && there.Legacy() {
			return ErrOfV4(c.File)
		}
	}
	return books.NotFoundf("no_backup", "there is no whole backup %s", c.File).
		WithHint("see the list: extrato backup list")
}

// OfV4 is the code of ErrOfV4.
const OfV4 = "backup_of_v4"

// ErrOfV4 refuses to restore v4's own CSV file: it names people without their
// ids and holds no links.
func ErrOfV4(file string) error {
	return books.Refusedf(OfV4, "%s has no manifest: it is v4's own backup, with names instead of the ids of clients and artists and without links, so its rows cannot be put back exactly", file).
		WithHint("open it in a spreadsheet and record the missing rows by hand; it stays untouched")
}

// Read proves a copy; keep gets each row, in order, before the whole copy is
// proved. It fails as Rows does.
func (b *Backups) Read(ctx context.Context, c Copy, keep func(books.Row)) (Manifest, error) {
	m, err := b.prove(ctx, c.Month, c.Number, keep)
	if errors.Is(err, bucket.ErrNotExist) {
		err = b.absent(ctx, c)
	}
	return m, err
}

// Rows proves a copy and returns its rows. It fails with an Error of kind
// NotFound if there is no such copy, Refused if it is v4's, and Integrity if it
// is damaged.
func (b *Backups) Rows(ctx context.Context, c Copy) (Manifest, []books.Row, error) {
	var rows []books.Row
	m, err := b.Read(ctx, c, func(row books.Row) { rows = append(rows, row) })
	if err != nil {
		return m, nil, err
	}
	return m, rows, nil
}
