package proof_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/proof"
)

var october = books.Month{Year: 2025, Month: 10}

// studio is a chain whose entry 2 closed October, with its key and cosigner.
type studio struct {
	key, cosigner proof.Key
	stored        books.Stored
	chain         []books.ChainEntry
	log           proof.Log
}

func (s studio) document(t *testing.T) proof.Document {
	t.Helper()
	d, err := s.log.Prove(s.stored, s.chain[1], s.chain[2])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func october2025() []books.Row {
	day, _ := books.ParseDay("2025-10-28")
	return []books.Row{
		&books.Payment{ID: 7, Date: day, Amount: 45000, Method: "Pix", Note: books.TextOf("linha\r\n\"dois\" \\ <b>\u2028"), ClientID: books.RefTo(3), ArtistID: 2, ClientName: books.TextOf("João 💉"), ArtistName: books.TextOf("Ana")},
		&books.Expense{ID: 4, Date: day, Amount: 1999, Method: "Dinheiro", CreatedBy: 1},
		&books.Client{ID: 3, Name: "João 💉"},
		&books.Artist{ID: 2, Name: "Ana", Role: "artist"},
	}
}

func newStudio(t *testing.T) studio {
	t.Helper()
	var out bytes.Buffer
	w := books.NewStatementWriter(&out, october, 1)
	for row, err := range books.Sequence(october2025()) {
		if err := errors.Join(err, w.Add(row)); err != nil {
			t.Fatal(err)
		}
	}
	header, ends, err := w.Finish(books.NewSalt())
	if err != nil {
		t.Fatal(err)
	}
	s := studio{key: proof.NewKey(origin), cosigner: proof.NewCosigner("safetynet"), stored: books.Stored{Month: october}}
	from := int64(0)
	for part, to := range ends {
		s.stored.Parts[part], from = out.String()[from:to], to
	}
	closed := books.ChainEntry{
		Action: books.Closed, Month: october, Revision: 1, At: books.InstantOf(at), By: "user 3", CorrelationID: "0123456789abcdef",
		Fingerprint: header.Fingerprint, Core: header.Core, Seal: s.stored.Seal(), Counts: header.Counts,
		BackupFile: "2025_10/backup_2025_10.csv", BackupSHA256: strings.Repeat("ab", 32), Totals: string(header.Totals.JSON()), Notes: []string{"by ana"}, Salt: books.NewSalt(),
	}
	september := closed
	september.Month = october.Add(-1)
	keyed := books.ChainEntry{Action: books.Keyed, At: books.InstantOf(at), By: "cli", Totals: "{}", Notes: []string{"a key"}, Salt: books.NewSalt()}
	hashes, last := []books.Fingerprint(nil), books.ChainEntry{}
	for _, e := range []books.ChainEntry{september, closed, keyed, september} {
		last = e.After(last)
		s.chain, hashes = append(s.chain, last), append(hashes, last.Hash)
	}
	s.log = proof.Log{Tree: proof.TreeOf(hashes), Keys: []proof.PublicKey{s.key.Public()}, Cosigners: []proof.PublicKey{s.cosigner.Public()}}
	text, err := proof.Sign(s.log.Tree.Head(origin, 4), s.key)
	if err == nil {
		s.log.Checkpoint, err = proof.Cosign(text, s.cosigner, at)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestA_document_proves_its_statement(t *testing.T) {
	s := newStudio(t)
	d, err := proof.ParseDocument(s.document(t).JSON())
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Verify()
	if err != nil || !v.Own || len(v.Checkpoint.Cosigned) != 1 || len(v.Entries) != 2 || v.Entries[0].Hash != s.chain[1].Hash || len(v.NoDetail) != 0 || v.Statement.Seal() != s.stored.Seal() {
		t.Errorf("%+v, %v", v, err)
	}
	if _, counts, err := books.FingerprintOf(v.Statement.Rows()); err != nil || counts != s.chain[1].Counts {
		t.Errorf("its rows: %v, %v", counts, err)
	}
	if v, err := d.Verify(s.key.Public()); err != nil || v.Own {
		t.Errorf("with the studio's key: %+v, %v", v, err)
	}
	if v, err := d.Verify(s.cosigner.Public()); err != nil || !v.Own || len(v.Checkpoint.Cosigned) != 1 {
		t.Errorf("with the cosigner's key: %+v, %v", v, err)
	}
	if _, err := d.Verify(proof.NewKey(origin).Public()); code(err) != "unsigned_head" {
		t.Errorf("with another key: %v", err)
	}
}

func TestDetails_can_be_erased_or_withheld(t *testing.T) {
	s := newStudio(t)
	for i := range s.chain {
		s.chain[i].Reason, s.chain[i].Totals, s.chain[i].Notes, s.chain[i].Salt = "", "", nil, books.Salt{}
	}
	d := s.document(t)
	if strings.Contains(string(d.JSON()), "by ana") {
		t.Error("a withheld note is in the document")
	}
	if v, err := d.Verify(s.key.Public()); err != nil || len(v.NoDetail) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	changed := s.document(t)
	changed.Entries[0].CorrelationID = "fedcba9876543210"
	if _, err := changed.Verify(); code(err) != "entry_changed" {
		t.Errorf("a changed entry without details: %v", err)
	}
	reason := ""
	d.Entries[0].Reason = &reason
	if _, err := d.Verify(); code(err) != "not_a_proof" {
		t.Errorf("half a detail: %v", err)
	}
}

// A v4 statement may be stored in any JSON form: its seal is of the text inside.
func TestA_document_holds_any_stored_form(t *testing.T) {
	for name, parts := range map[string][books.PartCount]string{
		"native":         {`[ {"id":1} ]`, "[]", "[]", "", `{"x":"é\n"}`},
		"other escapes":  {`"[\u005d"`, `"[]"`, `"[]"`, `"null"`, `"{\"x\":1}"`},
		"nested strings": {`"\"[]\""`, `"[]"`, `"[]"`, "", `"{}"`},
		"control bytes":  {`"[\"\u0001\t\"]"`, `"[]"`, `"[]"`, "", `"{}"`},
	} {
		stored := books.Stored{Month: october, Parts: parts}
		e := books.ChainEntry{Action: books.Adopted, Month: october, Seal: stored.Seal()}.After(books.ChainEntry{})
		key := proof.NewKey(origin)
		tree := proof.TreeOf([]books.Fingerprint{e.Hash})
		head, _ := proof.Sign(tree.Head(origin, 1), key)
		made, err := proof.Log{Tree: tree, Checkpoint: head, Keys: []proof.PublicKey{key.Public()}}.Prove(stored, e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d, err := proof.ParseDocument(made.JSON())
		if err == nil {
			_, err = d.Verify()
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, made.JSON())
		}
	}
	stored := books.Stored{Month: october, Parts: [books.PartCount]string{"[\xff]", "[]", "[]", "", "{}"}}
	if _, err := proof.StatementOf(stored); code(err) != "text_not_utf8" {
		t.Errorf("bytes that are no text: %v", err)
	}
}

func TestEach_change_of_a_document_is_named(t *testing.T) {
	s, forger := newStudio(t), newStudio(t)
	replace := func(old, other string) func(*proof.Document) {
		return func(d *proof.Document) {
			text, err := json.Marshal(d.Statement)
			if err != nil || !bytes.Contains(text, []byte(old)) {
				t.Fatalf("%q is not in the statement, %v", old, err)
			}
			if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(old), []byte(other)), &d.Statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*proof.Document)
		code   string
		says   string
	}{
		"a centavo":               {replace(`450.00`, `450.01`), "statement_changed", "the totals in revision 1 of 2025-10 are not those"},
		"a name":                  {replace("João", "José"), "statement_changed", "a name"},
		"a date":                  {replace("2025-10-28", "2025-10-27"), "statement_changed", "the rows in revision 1"},
		"a column taken away":     {func(d *proof.Document) { d.Statement.Gastos = nil }, "statement_changed", ""},
		"another month":           {func(d *proof.Document) { d.Statement.Month = october.Add(1) }, "statement_changed", "not about it"},
		"an entry's time":         {func(d *proof.Document) { d.Entries[0].At = books.InstantOf(at.Add(1e9)).String() }, "entry_changed", "entry 2"},
		"an entry's note":         {func(d *proof.Document) { d.Entries[0].Notes = []string{"by eva"} }, "entry_changed", "entry 2"},
		"an entry's number":       {func(d *proof.Document) { d.Entries[0].Seq = 3 }, "entry_changed", ""},
		"entries exchanged":       {func(d *proof.Document) { d.Entries[0], d.Entries[1] = d.Entries[1], d.Entries[0] }, "not_in_log", ""},
		"entries moved":           {func(d *proof.Document) { d.Proofs[0].Seq, d.Proofs[1].Seq = 3, 2 }, "not_in_log", ""},
		"an entry of elsewhere":   {func(d *proof.Document) { d.Entries[0] = proof.EntryOf(forger.chain[1]) }, "not_in_log", "entry 2"},
		"another entry's proof":   {func(d *proof.Document) { d.Proofs[0].Path = d.Proofs[1].Path }, "not_in_log", "entry 2"},
		"the entry of September":  {func(d *proof.Document) { *d, _ = s.log.Prove(s.stored, s.chain[0]) }, "statement_changed", "not about it"},
		"an entry about no month": {func(d *proof.Document) { *d, _ = s.log.Prove(s.stored, s.chain[2]) }, "statement_changed", "not about it"},
		"another head": {func(d *proof.Document) {
			for i := range d.Proofs {
				d.Proofs[i].Checkpoint = strings.Replace(d.Proofs[i].Checkpoint, "\n4\n", "\n3\n", 1)
			}
		}, "wrong_signature", ""},
		"two heads": {func(d *proof.Document) {
			d.Proofs[1].Checkpoint = strings.SplitAfter(d.Proofs[1].Checkpoint, "— safetynet")[0] + " AAAAAAA=\n"
		}, "not_a_proof", "several heads"},
		"a rewritten log of a forger": {func(d *proof.Document) { *d = forger.document(t) }, "unsigned_head", ""},
		"a forger's key beside ours":  {func(d *proof.Document) { *d = forger.document(t); d.Keys = append(d.Keys, s.key.Public()) }, "unsigned_head", ""},
		"a forged cosignature": {func(d *proof.Document) {
			forged, _ := proof.Cosign(d.Proofs[0].Checkpoint, proof.KeyOf("safetynet", strings.Repeat("x", 32), true), at)
			for i := range d.Proofs {
				d.Proofs[i].Checkpoint = forged
			}
			d.Cosigners = nil
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := s.document(t)
			c.change(&d)
			_, err := d.Verify(s.key.Public())
			if code(err) != c.code || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q %q", err, c.code, c.says)
			}
			if err != nil && books.AsError(err).Hint == "" {
				t.Errorf("no hint: %v", err)
			}
		})
	}
}

func TestA_document_has_one_reading(t *testing.T) {
	good := string(newStudio(t).document(t).JSON())
	for name, text := range map[string]string{
		"nothing":                    "",
		"another format":             strings.Replace(good, proof.Format, "extrato proof 2", 1),
		"an unknown name":            strings.Replace(good, `{"format"`, `{"more":1,"format"`, 1),
		"a repeated name":            strings.Replace(good, `{"format"`, `{"format":"extrato proof 1","format"`, 1),
		"a name in other letters":    strings.Replace(good, `"seal"`, `"Seal"`, 1),
		"a repeated statement":       strings.Replace(good, `"gastos"`, `"totais":"{}","gastos"`, 1),
		"something behind":           good + "{}",
		"no keys":                    strings.Replace(good, `"vkeys":[`, `"vkeys":[],"x":[`, 1),
		"bytes that are no text":     strings.Replace(good, "João", "Jo\xe3o", 1),
		"a proof of fewer entries":   before(good, `,"proofs"`) + `,"proofs":[]}`,
		"a number with a part":       strings.Replace(good, `"seq":2`, `"seq":2.5`, 1),
		"a checkpoint with an r":     strings.Replace(good, `\n\n—`, `\n\r\n—`, 1),
		"a proof with another start": strings.Replace(good, "tlog-proof@v1", "tlog-proof@v2", 1),
	} {
		if _, err := proof.ParseDocument([]byte(text)); code(err) != "not_a_proof" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestA_log_proves_no_more_than_it_has(t *testing.T) {
	s := newStudio(t)
	if _, err := s.log.Include(5); err == nil {
		t.Error("an entry above the head is proved")
	}
	s.log.Tree = proof.TreeOf(hashes(2))
	if _, err := s.log.Include(1); err == nil {
		t.Error("a tree below the head proves")
	}
}

func before(text, part string) string {
	text, _, _ = strings.Cut(text, part)
	return text
}
