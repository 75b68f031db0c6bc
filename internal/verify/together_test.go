package verify_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/proof"
	"extrato/internal/verify"
)

// copied copies the studio's backup of October into a folder of its own.
func (c *corpus) copied(name string, change func(csv, manifest []byte) ([]byte, []byte)) (csv, manifest string) {
	c.t.Helper()
	read := func(file string) []byte {
		return must[[]byte](c.t)(os.ReadFile(filepath.Join(c.s.backups, "2025_10", file)))
	}
	rows, describes := read("backup_2025_10.csv"), read("backup_2025_10.manifest.json")
	if change != nil {
		rows, describes = change(rows, describes)
	}
	name = strings.ReplaceAll(name, " ", "_")
	if describes != nil {
		manifest = c.put(filepath.Join(name, "backup_2025_10.manifest.json"), describes)
	}
	return c.put(filepath.Join(name, "backup_2025_10.csv"), rows), manifest
}

func (c *corpus) backupFiles() {
	statement := c.put("of_october.pdf", pdf(c.t, c.s.paper(c.t, 3, c.s.document(c.t, 3, 4).JSON())))
	september := c.put("of_september.pdf", pdf(c.t, c.s.paper(c.t, 2, c.s.document(c.t, 2, 4).JSON())))
	folder := c.s.exported(c.t, filepath.Join(c.dir, "for_backups"))
	csv, manifest := c.copied("good", nil)
	csv2 := csv
	c.add("a backup alone", nil, []string{csv}, verify.Unanchored)
	c.add("a manifest alone", nil, []string{manifest}, verify.Unanchored)
	c.add("a backup with its statement", nil, []string{csv, statement})
	c.add("a manifest with its statement", nil, []string{manifest, statement})
	c.add("a backup with another statement", nil, []string{csv, september}, verify.Unanchored)
	c.add("a backup with an export", nil, []string{csv, folder})
	for name, change := range map[string][2]string{
		"backup: one centavo": {",450.00,", ",450.01,"}, "backup: a name": {"João", "Joao"}, "backup: a date": {"2025-10-02", "2025-10-03"},
		"backup: a line end": {"\n", "\r\n"}, "backup: NULL for an empty text": {`,"",`, ",,"}, "backup: quotes": {",Pix,", `,"Pix",`}, "backup: a column": {"type,id", "type,nr"},
	} {
		csv, _ := c.copied(name, func(csv, manifest []byte) ([]byte, []byte) { return replaced(csv, change), manifest })
		want := verify.Wrong
		if name == "backup: a column" { // no longer a backup by its first line
			want = verify.Unknown
		}
		c.add(name, nil, []string{csv, statement}, want)
	}
	for name, change := range map[string][2]string{
		"manifest: a sum": {"1350.04", "1350.05"}, "manifest: the size": {`"size": `, `"size": 1`}, "manifest: the SHA-256": {`"sha256": "`, `"sha256": "0`},
		"manifest: a line": {"{\n", "{\n\n"}, "manifest: the format": {`"format": 1`, `"format": 2`}, "manifest: more": {`"month"`, `"more": 1, "month"`}, "manifest: the zone": {`"UTC"`, `"CET"`},
	} {
		csv, _ := c.copied(name, func(csv, manifest []byte) ([]byte, []byte) { return csv, replaced(manifest, change) })
		c.add(name, nil, []string{csv, statement}, verify.Wrong)
	}
	csv, _ = c.copied("no manifest", func(csv, _ []byte) ([]byte, []byte) { return csv, nil })
	c.add("backup: no manifest", nil, []string{csv, statement}, verify.Unknown)
	csv, _ = c.copied("cut", func(csv, manifest []byte) ([]byte, []byte) { return csv[:len(csv)/2], manifest })
	c.add("backup: cut off", nil, []string{csv, statement}, verify.Wrong)
	other := newStudio(c.t, nil)
	other.close(c.t, books.Closed, october.Add(1), 1, 7, nil)
	made := filepath.Join(other.backups, "2025_10", "backup_2025_10.csv") // same rows, another salt: its CSV is the same
	c.add("the same backup made again", nil, []string{made, statement})
	c.add("another backup of the same name", nil, []string{c.forgedBackup("other_rows", rowsOf(october, 2)), statement}, verify.Wrong)
	renamed := rowsOf(october, 3)
	for _, row := range renamed {
		if p, ok := row.(*books.Payment); ok {
			p.ClientName = books.TextOf("Outro")
		}
	}
	named := c.forgedBackup("other_names", renamed)
	c.add("a backup with other names, of the same fingerprint", nil, []string{named, statement}, verify.Wrong)
	forger := &studio{key: proof.NewKey(origin), cosigner: c.s.cosigner, chain: c.s.chain, statements: c.s.statements}
	c.add("a backup beside statements that contradict each other", nil, []string{csv2, c.put("by_forger.json", forger.document(c.t, 3, 4).JSON()), september}, verify.Unanchored, verify.Wrong, verify.Wrong)
	c.add("another copy than the statement's", nil, []string{filepath.Join(c.s.backups, "2025_10", "backup_2025_10.r2.csv"), statement}, verify.Unanchored)
}

// forgedBackup writes a consistent backup of other rows under October's name.
func (c *corpus) forgedBackup(dir string, rows []books.Row) string {
	c.t.Helper()
	place := filepath.Join(c.dir, dir)
	copies := &backup.Backups{Bucket: bucket.NewFolder(place, nil), Now: func() time.Time { return closed }, Zone: time.UTC, Program: "test", SpoolDir: c.t.TempDir()}
	if err := copies.MakeFolder(c.t.Context(), october); err != nil {
		c.t.Fatal(err)
	}
	made := must[*backup.Unproved](c.t)(copies.Start(c.t.Context(), october, backup.Before{}, books.Sequence(rows), nil))
	defer made.Stop()
	return filepath.Join(place, must[backup.Receipt](c.t)(made.Receipt(c.t.Context())).File)
}

// folders adds exports, whole and broken, and old statements beside them.
func (c *corpus) folders() {
	s, own := c.s, []string{c.s.key.Public().Printed()}
	old := c.put("old.pdf", pdf(c.t, s.paper(c.t, 2, s.document(c.t, 2, 2).JSON())))
	folder := s.exported(c.t, filepath.Join(c.dir, "export"))
	c.add("an export", nil, []string{folder})
	c.add("an export with its key", own, []string{folder})
	c.add("an export with another key", []string{proof.NewKey(origin).Public().Printed()}, []string{folder}, verify.Wrong)
	c.add("an export that continues an old statement", nil, []string{folder, old})
	c.add("an export before a newer statement", nil, []string{c.shorter(2), c.put("newer.pdf", pdf(c.t, s.paper(c.t, 3, s.document(c.t, 3, 4).JSON())))})
	forger := &studio{key: proof.NewKey(origin), cosigner: s.cosigner, chain: s.chain, statements: s.statements}
	c.add("an export signed by another", nil, []string{forger.exported(c.t, filepath.Join(c.dir, "forged")), old}, verify.Wrong, verify.Wrong)
	again := c.rewritten()
	c.add("a chain written anew", own, []string{again}) // alone nobody can tell
	c.add("a chain written anew, beside an old statement", own, []string{again, old}, verify.Wrong, verify.Wrong)
	for name, change := range map[string]func(dir string){
		"export: the tail cut off": func(dir string) { c.put(filepath.Join(dir, proof.EntriesFile), proof.EntriesJSON(s.chain[:3])) },
		"export: an entry more":    func(dir string) { c.put(filepath.Join(dir, proof.EntriesFile), proof.EntriesJSON(longer(s.chain))) },
		"export: an entry taken out": func(dir string) {
			c.put(filepath.Join(dir, proof.EntriesFile), proof.EntriesJSON(slices.Delete(slices.Clone(s.chain), 1, 2)))
		},
		"export: entries moved": func(dir string) {
			chain := slices.Clone(s.chain)
			chain[1], chain[2] = chain[2], chain[1]
			c.put(filepath.Join(dir, proof.EntriesFile), proof.EntriesJSON(chain))
		},
		"export: a chain written anew under the old head": func(dir string) {
			end := longer(s.chain)
			s := &studio{key: s.key, cosigner: s.cosigner, chain: end, statements: s.statements}
			s.exported(c.t, filepath.Join(c.dir, dir))
			other := slices.Clone(end)
			other[4].CorrelationID = "another"
			other[4] = other[4].After(other[3])
			c.put(filepath.Join(dir, proof.EntriesFile), proof.EntriesJSON(other))
		},
		"export: a reason": func(dir string) { c.edit(dir, proof.EntriesFile, "porque sim", "porque não") },
		"export: one centavo": func(dir string) {
			c.edit(dir, "statements/2025-10.r2.json", `\"valor\":450.00`, `\"valor\":450.01`)
		},
		"export: a statement gone": func(dir string) { c.remove(dir, "statements/2025-09.r1.json") },
		"export: a statement more": func(dir string) { c.put(filepath.Join(dir, "statements/2025-12.r1.json"), []byte("{}")) },
		"export: two statements swapped": func(dir string) {
			a, b := filepath.Join(c.dir, dir, "statements/2025-10.r1.json"), filepath.Join(c.dir, dir, "statements/2025-10.r2.json")
			first, second := must[[]byte](c.t)(os.ReadFile(a)), must[[]byte](c.t)(os.ReadFile(b))
			put(c.t, "/", a, second)
			put(c.t, "/", b, first)
		},
		"export: a forged key": func(dir string) {
			c.put(filepath.Join(dir, proof.KeysFile), []byte(proof.KeysText(forger.key.Public())))
		},
		"export: an old head": func(dir string) { c.put(filepath.Join(dir, proof.CheckpointFile), []byte(s.log(c.t, 3).Checkpoint)) },
	} {
		c.broken(name, change, verify.Wrong)
	}
	for name, change := range map[string]func(dir string){
		"export: no keys":       func(dir string) { c.remove(dir, proof.KeysFile) },
		"export: no checkpoint": func(dir string) { c.remove(dir, proof.CheckpointFile) },
		"export: no entries":    func(dir string) { c.remove(dir, proof.EntriesFile) },
		"export: bad entries":   func(dir string) { c.put(filepath.Join(dir, proof.EntriesFile), []byte("{}")) },
		"export: bad keys":      func(dir string) { c.put(filepath.Join(dir, proof.KeysFile), []byte("abc\n")) },
	} {
		c.broken(name, change, verify.Unknown)
	}
	c.broken("export: details withheld", func(dir string) {
		d := apart(c.t, must[[]byte](c.t)(os.ReadFile(filepath.Join(c.dir, dir, proof.EntriesFile))))
		for _, name := range []string{"reason", "totals", "notes", "salt"} {
			entry(d, 1)[name] = nil
		}
		c.put(filepath.Join(dir, proof.EntriesFile), join(c.t, d))
	}, verify.Proved)
	c.add("an empty folder", nil, []string{c.t.TempDir()}, verify.Unknown)
}

// broken adds an export after a change of its folder.
func (c *corpus) broken(name string, change func(dir string), want verify.Outcome) {
	c.t.Helper()
	dir := strings.NewReplacer(" ", "_", ":", "").Replace(name)
	path := c.s.exported(c.t, filepath.Join(c.dir, dir))
	change(dir)
	c.add(name, nil, []string{path}, want)
}

func (c *corpus) edit(dir, name, old, by string) {
	c.t.Helper()
	path := filepath.Join(c.dir, dir, name)
	c.put(filepath.Join(dir, name), replaced(must[[]byte](c.t)(os.ReadFile(path)), [2]string{old, by}))
}

func (c *corpus) remove(dir, name string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, dir, name)); err != nil {
		c.t.Fatal(err)
	}
}

// longer returns the chain with an entry more.
func longer(chain []books.ChainEntry) []books.ChainEntry {
	last := chain[len(chain)-1]
	return append(slices.Clone(chain), books.ChainEntry{Action: books.Reopened, Month: october, Totals: "{}"}.After(last))
}

// shorter exports the first entries only.
func (c *corpus) shorter(size int) string {
	c.t.Helper()
	s := &studio{key: c.s.key, cosigner: c.s.cosigner, chain: c.s.chain[:size], statements: c.s.statements}
	return s.exported(c.t, filepath.Join(c.dir, "shorter"))
}

// rewritten exports the chain with another reason in its past, signed with the
// studio's own key.
func (c *corpus) rewritten() string {
	c.t.Helper()
	s := &studio{key: c.s.key, cosigner: c.s.cosigner, statements: map[int64]books.Stored{}}
	for i, e := range c.s.chain {
		if i == 1 {
			e.Reason = "outro motivo"
		}
		s.add(e, c.s.statements[e.Seq])
	}
	return s.exported(c.t, filepath.Join(c.dir, "rewritten"))
}
