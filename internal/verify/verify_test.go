package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/verify"
)

// everything is the whole corpus.
func everything(t testing.TB) []sample {
	t.Helper()
	c := newCorpus(t)
	for _, part := range []func(){c.documents, c.statements, c.pdfs, c.keys, c.inconsistent, c.brokenV4, c.backupFiles, c.folders, c.flips} {
		part()
	}
	return c.all
}

// driver checks many samples in one process of the other implementation.
const driver = `
import json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import verify
for line in sys.stdin:
    sample = json.loads(line)
    files = verify.check(sample["files"], sample["keys"])
    print(json.dumps([[f.result, f.reason] for f in files]))
`

// python returns the results of scripts/verify.py, with its reasons.
func python(t testing.TB, samples []sample) [][][2]string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no python3 on this machine")
		}
		t.Skip("*** NO PYTHON ON THIS MACHINE: scripts/verify.py is not held against the program ***")
	}
	var in, problems bytes.Buffer
	for _, s := range samples {
		if err := json.NewEncoder(&in).Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), path, "-c", driver, "../../scripts")
	command.Stdin, command.Stderr = &in, &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	var all [][][2]string
	for line := range bytes.Lines(out) {
		var one [][2]string
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func TestTwo_implementations_agree_on_good_and_broken_files(t *testing.T) {
	samples := everything(t)
	if len(samples) < 200 {
		t.Errorf("the corpus has %d samples", len(samples))
	}
	theirs := python(t, samples)
	seen := map[verify.Outcome]int{}
	for i, s := range samples {
		results, err := verify.Files(s.Files, s.Keys)
		if err != nil {
			t.Fatal(s.Name, err)
		}
		for n, r := range results {
			seen[r.Result]++
			if s.want[n] != "" && r.Result != s.want[n] {
				t.Errorf("%s, file %d: %s (%s), want %s", s.Name, n, r.Result, r.Reason, s.want[n])
			}
			if other := theirs[i][n]; other[0] != string(r.Result) {
				t.Errorf("%s, file %d: %s (%s), verify.py says %s (%s)", s.Name, n, r.Result, r.Reason, other[0], other[1])
			}
			if (r.Reason == "") != (r.Result == verify.Proved) || r.Result == verify.Proved && (len(r.Checked) == 0 || len(r.Trusted) == 0) {
				t.Errorf("%s, file %d: it does not say why: %+v", s.Name, n, r)
			}
		}
	}
	t.Logf("%d samples: %v", len(samples), seen)
}

// The changed byte of a flip is never proved where it is under the proof.
func TestNo_changed_byte_of_a_document_passes(t *testing.T) {
	c := newCorpus(t)
	good := c.s.document(t, 3, 4).JSON()
	key := []string{c.s.key.Public().Printed()}
	for at := 0; at < len(good); at += 37 {
		broken := slices.Clone(good)
		broken[at] ^= 1
		results, err := verify.Files([]string{c.put("flip.json", broken)}, key)
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Result != verify.Proved {
			continue
		}
		// Without effect are other digits in a signature or a key nobody asks.
		if where := string(good[max(0, at-80):min(len(good), at+20)]); !strings.Contains(where, "cosigners") && !strings.Contains(where, "vkeys") && !strings.Contains(where, "safetynet") {
			t.Errorf("byte %d: …%s…", at, where)
		}
	}
}

func TestThe_result_says_what_was_checked_and_what_was_trusted(t *testing.T) {
	c := newCorpus(t)
	name := c.put("a.pdf", pdf(t, c.s.paper(t, 3, c.s.document(t, 3, 4).JSON())))
	says := func(keys []string, want ...string) {
		t.Helper()
		results, err := verify.Files([]string{name}, keys)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(slices.Concat(results[0].Checked, results[0].Trusted), "\n")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("nowhere %q:\n%s", w, text)
			}
		}
	}
	says(nil, "2025-10, revision 1: 4 payments", "revenue R$ 1.350,04", "under the seal of entry 3", "in the log at size 4", "safetynet cosigned", "key: from the file itself, "+c.s.key.Public().Printed(), "the pages themselves", "nothing newer")
	says([]string{c.s.key.Public().Printed()}, "key: given, "+c.s.key.Public().Printed())
	if _, err := verify.Files([]string{name}, []string{"abc"}); err == nil || !strings.Contains(err.Error(), `"abc" is no public key`) {
		t.Errorf("a key that is none: %v", err)
	}
}

// Whatever a file holds, checking it ends with a result.
func FuzzContent(f *testing.F) {
	c := newCorpus(f)
	p := c.s.paper(f, 3, c.s.document(f, 3, 4).JSON())
	for _, text := range [][]byte{p.Proof.Document, jsonOf(f, p), []byte(p.Proof.Code), []byte(c.s.log(f, 4).Checkpoint), []byte("%PDF-1.7 obj << /EmbeddedFile /Length 3 >>stream\nabc")} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if r := verify.Content(text); (r.Reason == "") != (r.Result == verify.Proved) {
			t.Errorf("%+v", r)
		}
	})
}

// The pages made anew are those of the attachment, whatever the PDF shows.
func TestPages_are_made_anew_from_the_attachment(t *testing.T) {
	c := newCorpus(t)
	forged := c.s.paper(t, 3, c.s.document(t, 3, 4).JSON())
	forged.Header.Totals.Revenue = 999_999_00
	results, err := verify.Files([]string{c.put("forged.pdf", pdf(t, forged))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no pdftotext on this machine: apt-get install poppler-utils")
		}
		t.Skip("*** NO PDFTOTEXT ON THIS MACHINE: apt-get install poppler-utils ***")
	}
	path := filepath.Join(c.dir, "anew.pdf")
	f, err := os.Create(path)
	if err := errors.Join(err, results[0].Render(f, nil, "pt"), f.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), read, "-layout", path, "-").Output()
	if err != nil || !strings.Contains(string(text), "R$ 1.350,04") || strings.Contains(string(text), "999.999") {
		t.Errorf("%v\n%s", err, text)
	}
	if err := (verify.Result{}).Render(&bytes.Buffer{}, nil, "pt"); err == nil {
		t.Error("what is not proved is rendered")
	}
}
