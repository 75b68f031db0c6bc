package verify_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/verify"
)

// sample is a set of files to be checked together, with the result that each must
// have; "" leaves it to the two programs to agree.
type sample struct {
	Name  string   `json:"name"`
	Files []string `json:"files"`
	Keys  []string `json:"keys"`
	want  []verify.Outcome
}

// corpus writes good and broken files of a studio.
type corpus struct {
	t   testing.TB
	s   *studio
	dir string
	all []sample
}

func newCorpus(t testing.TB) *corpus {
	t.Helper()
	return &corpus{t: t, s: newStudio(t, nil), dir: t.TempDir()}
}

func (c *corpus) put(name string, text []byte) string { return put(c.t, c.dir, name, text) }

// add adds a sample whose first file has this result; the others are proved,
// unless more results say otherwise.
func (c *corpus) add(name string, keys []string, files []string, want ...verify.Outcome) {
	c.t.Helper()
	for len(want) < len(files) {
		want = append(want, verify.Proved)
	}
	if slices.ContainsFunc(c.all, func(s sample) bool { return s.Name == name }) {
		c.t.Fatalf("there are two samples %q", name)
	}
	c.all = append(c.all, sample{name, files, append([]string{}, keys...), want})
}

// tree is a document taken apart, to be changed and put together again.
type object = map[string]any

func apart(t testing.TB, text []byte) (d object) {
	t.Helper()
	e := json.NewDecoder(bytes.NewReader(text))
	e.UseNumber()
	if err := e.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

func join(t testing.TB, d any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func entry(d object, i int) object { return d["entries"].([]any)[i].(object) }

// swap replaces a text inside a text of an object.
func swap(in object, name, old, by string) {
	text := in[name].(string)
	if !strings.Contains(text, old) {
		panic(fmt.Sprintf("%q has no %q", name, old))
	}
	in[name] = strings.Replace(text, old, by, 1)
}

// proofText changes the first proof, line by line.
func proofText(d object, change func(lines []string) []string) {
	proofs := d["proofs"].([]any)
	proofs[0] = strings.Join(change(strings.Split(proofs[0].(string), "\n")), "\n")
}

// otherBase64 changes the first bytes of a line's last word.
func otherBase64(line string) string {
	i := strings.LastIndex(line, " ") + 1
	raw, err := base64.StdEncoding.DecodeString(line[i:])
	if err != nil {
		panic(err)
	}
	raw[len(raw)-1] ^= 1
	return line[:i] + base64.StdEncoding.EncodeToString(raw)
}

// changes are the ways to break a document. They are named for the result each
// must have.
func changes(s *studio, t testing.TB) map[verify.Outcome]map[string]func(object) {
	statement := func(name, old, by string) func(object) {
		return func(d object) { swap(d["statement"].(object), name, old, by) }
	}
	inEntry := func(name string, value any) func(object) { return func(d object) { entry(d, 0)[name] = value } }
	line := func(starts string, change func(string) string) func(object) {
		return func(d object) {
			proofText(d, func(lines []string) []string {
				i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, starts) })
				lines[i] = change(lines[i])
				return lines
			})
		}
	}
	at := func(n int, change func(string) string) func(object) {
		return func(d object) {
			proofText(d, func(lines []string) []string { lines[n] = change(lines[n]); return lines })
		}
	}
	forger := proof.NewKey(origin)
	return map[verify.Outcome]map[string]func(object){
		verify.Wrong: {
			"one centavo": statement("pagamentos", `"valor":450.00`, `"valor":450.01`), "a date": statement("pagamentos", "2025-10-02", "2025-10-03"),
			"a client's name": statement("pagamentos", "João", "Joao"), "an artist's name": statement("comissoes", "Ana Conceição", "Ana Conceicao"),
			"an e-mail": statement("totais", "ana@example.com", "eva@example.com"), "a total": statement("totais", `"receita_total":1350.04`, `"receita_total":1350.05`),
			"a category": statement("gastos", `"Material"`, `"Outra"`), "a blank": statement("sessoes", `,"data"`, `, "data"`), "a percent": statement("comissoes", "60.50", "60.51"),
			"the salt of the seal": statement("totais", `"sal":"`, `"sal":"0`), "a note": statement("pagamentos", "sinal,", "sinal."),
			"a row less":       func(d object) { d["statement"].(object)["gastos"] = "[]" },
			"no column":        func(d object) { d["statement"].(object)["gastos"] = nil },
			"no statement":     func(d object) { delete(d, "statement") },
			"another month":    func(d object) { d["statement"].(object)["month"] = "2025-09" },
			"the entry's time": inEntry("at", "2025-11-01T05:00:00.123457Z"), "the entry's actor": inEntry("by", "user 4"), "the revision": inEntry("revision", json.Number("2")),
			"the action": inEntry("action", "revised"), "the entry's month": inEntry("month", "2025-11"), "the seal": inEntry("seal", strings.Repeat("ab", 32)), "no seal": inEntry("seal", ""),
			"the fingerprint": inEntry("fingerprint", strings.Repeat("ab", 32)), "the core": inEntry("core", strings.Repeat("ab", 32)), "the count of payments": inEntry("payments", json.Number("3")),
			"the count of links": inEntry("links", json.Number("0")), "the backup's name": inEntry("backup_file", "x.csv"), "the backup's SHA-256": inEntry("backup_sha256", strings.Repeat("ab", 32)),
			"the reason": inEntry("reason", "porque não"), "the totals of the detail": inEntry("totals", "{}"), "a note of the entry": inEntry("notes", []any{"by eva"}), "no note": inEntry("notes", []any{}),
			"the salt of the detail": inEntry("salt", strings.Repeat("ab", 16)), "the detail": inEntry("detail", strings.Repeat("ab", 32)), "the hash before": inEntry("previous", strings.Repeat("ab", 32)),
			"the hash": inEntry("hash", strings.Repeat("ab", 32)), "the number": inEntry("seq", json.Number("2")),
			"an entry moved":          func(d object) { d["entries"] = []any{join2(t, proof.EntryOf(s.entry(4)))} },
			"another entry's proof":   func(d object) { d["proofs"] = []any{must[proof.Inclusion](t)(s.log(t, 4).Include(4)).String()} },
			"the index":               line("index ", func(string) string { return "index 3" }),
			"a hash of the path":      at(2, otherBase64),
			"a path cut off":          func(d object) { proofText(d, func(l []string) []string { return slices.Delete(l, 2, 3) }) },
			"a path too long":         func(d object) { proofText(d, func(l []string) []string { return slices.Insert(l, 2, l[2]) }) },
			"the root":                at(7, otherBase64),
			"the size":                at(6, func(string) string { return "5" }),
			"the origin":              at(5, func(string) string { return "extrato/another-0a0b0c0d" }),
			"the signature":           line("— extrato", otherBase64),
			"the cosigner's":          line("— safetynet", otherBase64),
			"no signature of the log": func(d object) { proofText(d, func(l []string) []string { return slices.Delete(l, 9, 10) }) },
			"a forged key":            func(d object) { d["vkeys"] = []any{forger.Public().String()} },
			"a key of another log":    func(d object) { d["vkeys"] = []any{proof.NewKey("extrato/another-0a0b0c0d").Public().String()} },
			"a cosigner as the log":   func(d object) { d["vkeys"] = []any{s.cosigner.Public().String()} },
		},
		verify.Unknown: {
			"another format": func(d object) { d["format"] = "extrato proof 2" }, "a name more": func(d object) { d["more"] = true },
			"a name more in the statement": func(d object) { d["statement"].(object)["more"] = "x" }, "a name more in an entry": inEntry("more", "x"),
			"no entries": func(d object) { d["entries"] = []any{} }, "no proofs": func(d object) { delete(d, "proofs") }, "no keys": func(d object) { d["vkeys"] = []any{} },
			"a column as an array": func(d object) { d["statement"].(object)["gastos"] = []any{} }, "half of the details": inEntry("reason", nil),
			"a key that is none": func(d object) { d["vkeys"] = []any{"abc"} }, "a hash that is none": inEntry("hash", "abc"), "a time that is none": inEntry("at", "2025-11-01 05:00:00"),
			"a number as a text": inEntry("seq", "3"), "a number with decimals": inEntry("seq", json.Number("3.0")), "the number zero before": at(6, func(string) string { return "04" }),
			"a proof cut off": func(d object) { proofText(d, func(l []string) []string { return l[:4] }) }, "no line end": func(d object) { proofText(d, func(l []string) []string { return l[:len(l)-1] }) },
			"a hyphen for the dash":  line("— extrato", func(l string) string { return strings.Replace(l, "—", "-", 1) }),
			"the same line twice":    func(d object) { proofText(d, func(l []string) []string { return slices.Insert(l, 9, l[9]) }) },
			"a path that is no hash": at(2, func(string) string { return "abc=" }), "an index below": line("index ", func(string) string { return "index -1" }),
			"proofs of two heads": func(d object) {
				d["entries"] = append(d["entries"].([]any), join2(t, proof.EntryOf(s.entry(2))))
				d["proofs"] = append(d["proofs"].([]any), must[proof.Inclusion](t)(s.log(t, 3).Include(2)).String())
			},
		},
		verify.Proved: {
			"upper-case digits": func(d object) { entry(d, 0)["seal"] = strings.ToUpper(entry(d, 0)["seal"].(string)) },
			"details withheld": func(d object) {
				for _, name := range []string{"reason", "totals", "notes", "salt"} {
					entry(d, 0)[name] = nil
				}
			},
			"no cosigner's key": func(d object) { d["cosigners"] = []any{} },
			"a signature of others": func(d object) {
				proofText(d, func(l []string) []string {
					return slices.Insert(l, 10, "— x.example "+base64.StdEncoding.EncodeToString(make([]byte, 68)))
				})
			},
		},
	}
}

// join2 returns a value as an object.
func join2(t testing.TB, v any) object { return apart(t, join(t, v)) }

// documents adds each change of a document, alone, in a PDF and in JSON.
func (c *corpus) documents() {
	good := c.s.document(c.t, 3, 4).JSON()
	for want, all := range changes(c.s, c.t) {
		for name, change := range all {
			d := apart(c.t, good)
			change(d)
			text := join(c.t, d)
			file := strings.ReplaceAll(name, " ", "_")
			c.add(name+", document", nil, []string{c.put(file+".proof.json", text)}, want)
			c.add(name+", PDF", nil, []string{c.put(file+".pdf", pdf(c.t, c.s.paper(c.t, 3, text)))}, want)
			c.add(name+", JSON", nil, []string{c.put(file+".json", jsonOf(c.t, c.s.paper(c.t, 3, text)))}, want)
		}
	}
	c.add("a name twice", nil, []string{c.put("twice.json", bytes.Replace(good, []byte(`"format":`), []byte(`"format":"x","format":`), 1))}, verify.Unknown)
	c.add("half a document", nil, []string{c.put("half.json", good[:len(good)/2])}, verify.Unknown)
	c.add("not UTF-8", nil, []string{c.put("utf8.json", bytes.Replace(good, []byte("João"), []byte("Jo\xe3o"), 1))}, verify.Unknown)
}

// statements adds good statements, and changes of what JSON and pages show.
func (c *corpus) statements() {
	own := []string{c.s.key.Public().Printed()}
	for seq := int64(1); seq <= 4; seq++ {
		document := c.s.document(c.t, seq, 4).JSON()
		p := c.s.paper(c.t, seq, document)
		c.add(fmt.Sprintf("entry %d, document", seq), own, []string{c.put(fmt.Sprintf("%d.proof.json", seq), document)})
		c.add(fmt.Sprintf("entry %d, PDF", seq), nil, []string{c.put(fmt.Sprintf("%d.pdf", seq), pdf(c.t, p))})
		c.add(fmt.Sprintf("entry %d, JSON", seq), own, []string{c.put(fmt.Sprintf("%d.json", seq), jsonOf(c.t, p))})
		c.add(fmt.Sprintf("entry %d, code", seq), own, []string{c.put(fmt.Sprintf("%d.txt", seq), []byte(p.Proof.Code))})
	}
	good := jsonOf(c.t, c.s.paper(c.t, 3, c.s.document(c.t, 3, 4).JSON()))
	for name, change := range map[string][2]string{
		"shown: an amount": {`"valor":450.00`, `"valor":450.01`}, "shown: an amount's digits": {`"valor":450.00`, `"valor":450.0`}, "shown: a name": {"João", "Joao"},
		"shown: a total": {`"saldo":`, `"saldo":1`}, "shown: a count": {`{"payments":4`, `{"payments":5`}, "shown: the time": {`"closed_at":"2025`, `"closed_at":"2024`},
		"shown: the revision": {`"revision":1`, `"revision":2`}, "shown: the chain": {`"chain":{"seq":3`, `"chain":{"seq":4`}, "shown: more": {`{"month"`, `{"more":1,"month"`},
		"shown: adopted": {`"counts"`, `"adopted":true,"counts"`}, "shown: the backup": {`.csv","sha256":"`, `.csv","sha256":"0`}, "shown: a number as a text": {`"id":1,`, `"id":"1",`},
	} {
		c.add(name, nil, []string{c.put(strings.ReplaceAll(name, " ", "_")+".json", replaced(good, change))}, verify.Wrong)
	}
	c.add("shown: a name twice", nil, []string{c.put("shown_twice.json", replaced(good, [2]string{`"month":`, `"month":"2025-01","month":`}))}, verify.Unknown)
	c.add("shown: in another form", nil, []string{c.put("indented.json", indented(c.t, good))})
	c.add("an artist's part", nil, []string{c.put("artist.json", jsonOf(c.t, c.s.paper(c.t, 3, []byte("{}")).ForArtist(2, "")))}, verify.Unknown)
}

func replaced(text []byte, change [2]string) []byte {
	if !bytes.Contains(text, []byte(change[0])) {
		panic("nowhere " + change[0])
	}
	return bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
}

func indented(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pdfs adds what happens to PDFs.
func (c *corpus) pdfs() {
	document := c.s.document(c.t, 3, 4).JSON()
	p := c.s.paper(c.t, 3, document)
	good := pdf(c.t, p)
	forged := c.s.paper(c.t, 3, document)
	forged.Header.Totals.Revenue += 100_00
	c.add("a forged page over a true attachment", nil, []string{c.put("forged_page.pdf", pdf(c.t, forged))})
	bare := p
	bare.Proof = nil
	c.add("no attachment", nil, []string{c.put("bare.pdf", pdf(c.t, bare))}, verify.Unknown)
	raw := fmt.Appendf(nil, "\n99 0 obj\n<< /Type /EmbeddedFile /Length %d >>\nstream\n%s\nendstream\nendobj\n", len(document), document)
	c.add("two attachments", nil, []string{c.put("two.pdf", append(slices.Clone(good), raw...))}, verify.Unknown)
	c.add("an attachment that is not packed", nil, []string{c.put("raw.pdf", append(pdf(c.t, bare), raw...))})
	c.add("a packed attachment of another kind", nil, []string{c.put("lzw.pdf", append(pdf(c.t, bare), bytes.Replace(raw, []byte("/Length"), []byte("/Filter /LZWDecode /Length"), 1)...))}, verify.Unknown)
	c.add("another attachment beside", nil, []string{c.put("beside.pdf", append(slices.Clone(good), []byte("\n98 0 obj\n<< /Type /EmbeddedFile /Length 5 >>\nstream\nhello\nendstream\nendobj\n")...))})
	c.add("encrypted", nil, []string{c.put("encrypted.pdf", append(slices.Clone(good), []byte("\ntrailer << /Encrypt 9 0 R >>\n")...))}, verify.Unknown)
	at := bytes.Index(good, []byte("/EmbeddedFile "))
	stream := at + bytes.Index(good[at:], []byte("stream\n")) + 7
	broken := slices.Clone(good)
	broken[stream+200] ^= 0x10
	c.add("a broken attachment", nil, []string{c.put("broken.pdf", broken)}, verify.Unknown)
	c.add("a PDF cut off", nil, []string{c.put("cut.pdf", good[:stream+300])}, verify.Unknown)
	c.add("no file", nil, []string{filepath.Join(c.dir, "nowhere.pdf")}, verify.Unknown)
	c.add("another file", nil, []string{c.put("other.txt", []byte("hello\n"))}, verify.Unknown)
	c.add("an empty file", nil, []string{c.put("empty", nil)}, verify.Unknown)
	c.add("an encrypted backup", nil, []string{c.put("b.csv.age", []byte("age-encryption.org/v1\n-> X25519 x\n"))}, verify.Unknown)
}

// inconsistent adds what the holder of the key signed wrongly.
func (c *corpus) inconsistent() {
	for name, spoil := range map[string]func(*books.ChainEntry){
		"signed with another fingerprint": func(e *books.ChainEntry) { e.Fingerprint[0]++ },
		"signed with another core":        func(e *books.ChainEntry) { e.Core[0]++ },
		"signed with another count":       func(e *books.ChainEntry) { e.Counts.Sessions++ },
		"signed with other totals":        func(e *books.ChainEntry) { e.Totals = strings.Replace(e.Totals, `"saldo":`, `"saldo":1`, 1) },
		"signed with another revision":    func(e *books.ChainEntry) { e.Revision = 7 },
		"signed with another month":       func(e *books.ChainEntry) { e.Month = e.Month.Add(3) },
		"signed with another seal":        func(e *books.ChainEntry) { e.Seal[0]++ },
		"signed as reopened":              func(e *books.ChainEntry) { e.Action = books.Reopened },
	} {
		s := newStudio(c.t, spoil)
		c.add(name, nil, []string{c.put(strings.ReplaceAll(name, " ", "_")+".json", s.document(c.t, 3, 4).JSON())}, verify.Wrong)
	}
}

// brokenV4 adds a statement of v4's that was sealed with totals nobody can read.
func (c *corpus) brokenV4() {
	for name, totals := range map[string]string{"cut": `"{\"saldo\": 1"`, "list": `"[]"`, "text": `"saldo"`} {
		s := &studio{key: c.s.key, cosigner: c.s.cosigner, statements: map[int64]books.Stored{}}
		stored := books.Stored{Month: october, Parts: [books.PartCount]string{`"[]"`, `"[]"`, `"[]"`, `"[]"`, totals}}
		s.add(books.ChainEntry{Action: books.Adopted, Month: october, Revision: 1, At: books.InstantOf(closed), By: "migrate", Seal: stored.Seal(), Totals: "{}", Salt: books.NewSalt()}, stored)
		c.add("broken totals of v4, "+name, nil, []string{c.put("broken_v4_"+name, s.document(c.t, 1, 1).JSON())}, verify.Wrong)
	}
}

// flips adds single changed bytes, from a fixed seed.
func (c *corpus) flips() {
	document := c.s.document(c.t, 3, 4).JSON()
	p := c.s.paper(c.t, 3, document)
	random := rand.New(rand.NewPCG(1, 2)) // the same files every time
	csv := must[[]byte](c.t)(os.ReadFile(filepath.Join(c.s.backups, "2025_10", "backup_2025_10.csv")))
	for name, text := range map[string][]byte{"document": document, "statement": jsonOf(c.t, p), "pages": pdf(c.t, p), "code": []byte(p.Proof.Code), "csv": csv} {
		for i := range 12 {
			broken := slices.Clone(text)
			broken[random.IntN(len(broken))] ^= 1 << random.IntN(8)
			file := fmt.Sprintf("flip_%s_%d", name, i)
			if name == "csv" {
				manifest := must[[]byte](c.t)(os.ReadFile(filepath.Join(c.s.backups, "2025_10", "backup_2025_10.manifest.json")))
				c.put(file+".manifest.json", manifest)
				file += ".csv"
			}
			c.add(file, []string{c.s.key.Public().Printed()}, []string{c.put(file, broken)}, "")
		}
	}
}
