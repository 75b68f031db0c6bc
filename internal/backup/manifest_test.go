package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
)

// manifestOf returns the manifest's text of a backup of these rows.
func manifestOf(t testing.TB, m Manifest) []byte {
	t.Helper()
	text, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reseal gives a text that is almost a manifest the checksum that belongs to
// it, so that the checksum alone does not give it away.
func reseal(t testing.TB, text []byte) []byte {
	t.Helper()
	i := bytes.LastIndex(text, []byte(`"checksum": "`))
	if i < 0 {
		t.Fatalf("no checksum in %s", text)
	}
	i += len(`"checksum": "`)
	end := i + bytes.IndexByte(text[i:], '"')
	without := append(bytes.Clone(text[:i]), bytes.TrimSuffix(text[end:], []byte("\n"))...)
	sum := sha256.Sum256(without)
	return slices.Concat(text[:i], []byte(hex.EncodeToString(sum[:])), text[end:])
}

func goldenManifest(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "backup_2025_10.manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestA_manifest_that_is_not_exactly_ours_is_corrupt(t *testing.T) {
	whole := goldenManifest(t)
	if !bytes.Equal(reseal(t, whole), whole) {
		t.Fatal("reseal does not know how a manifest is sealed")
	}
	m, err := decodeManifest(bytes.NewReader(whole))
	if err != nil || !bytes.Equal(manifestOf(t, m), whole) {
		t.Fatalf("a whole manifest is read as %+v, %v", m, err)
	}
	var object map[string]any
	if err := json.Unmarshal(whole, &object); err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) []byte {
		if bytes.Count(whole, []byte(old)) != 1 {
			t.Fatalf("%q is not once in the manifest", old)
		}
		return reseal(t, bytes.Replace(whole, []byte(old), []byte(with), 1))
	}
	compact := new(bytes.Buffer)
	if err := json.Compact(compact, whole); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"nothing":                   nil,
		"no JSON":                   []byte("backup"),
		"null":                      []byte("null\n"),
		"a list":                    []byte("[]\n"),
		"an unknown key":            replace(`  "program"`, `  "comment": "x",`+"\n"+`  "program"`),
		"a key twice":               replace(`  "format": 1,`, `  "format": 1,`+"\n"+`  "format": 1,`),
		"a key in other case":       replace(`"program"`, `"Program"`),
		"keys in another order":     replace(`  "format": 1,`+"\n"+`  "month": "2025-10",`, `  "month": "2025-10",`+"\n"+`  "format": 1,`),
		"another indentation":       reseal(t, bytes.ReplaceAll(whole, []byte("\n  "), []byte("\n\t"))),
		"on one line":               append(compact.Bytes(), '\n'),
		"CRLF":                      bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")),
		"something behind it":       append(bytes.Clone(whole), ' '),
		"twice":                     append(bytes.Clone(whole), whole...),
		"no line end":               bytes.TrimSuffix(whole, []byte("\n")),
		"another checksum":          bytes.Replace(whole, []byte(m.Checksum), []byte(strings.Repeat("0", 64)), 1),
		"its checksum in capitals":  bytes.Replace(whole, []byte(m.Checksum), []byte(strings.ToUpper(m.Checksum)), 1),
		"a fingerprint in capitals": replace(m.Fingerprint.String(), strings.ToUpper(m.Fingerprint.String())),
		"an unescaped text":         replace(`\u003ctest\u003e`, `<test>`),
		"a sum with one decimal":    replace(`"gasto": 89.90`, `"gasto": 89.9`),
		"a sum as text":             replace(`"gasto": 89.90`, `"gasto": "89.90"`),
		"a size with a fraction":    replace(`"size": 1843`, `"size": 1843.0`),
		"format 2":                  replace(`"format": 1`, `"format": 2`),
		"a month that is none":      replace(`"2025-10"`, `"2025-13"`),
		"text that is not UTF-8":    replace(`America`, "Am\xffrica"),
		"larger than any":           bytes.Repeat([]byte(" "), 10<<20),
	}
	for key := range object {
		without := maps.Clone(object)
		delete(without, key)
		text, err := json.MarshalIndent(without, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		cases["without "+key] = append(text, '\n')
		i := bytes.Index(whole, []byte(`  "`+key+`": `))
		j := i + bytes.IndexByte(whole[i:], '\n') + 1
		if key != "rows" && key != "sums" && key != "checksum" {
			cases["without the line "+key] = reseal(t, slices.Concat(whole[:i], whole[j:]))
		}
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decodeManifest(bytes.NewReader(text))
			wants(t, err, books.Integrity, "backup_corrupt")
		})
	}
}

// FuzzManifest holds the reader to its promise: it takes only what encode writes.
func FuzzManifest(f *testing.F) {
	f.Add(goldenManifest(f))
	f.Add([]byte("{}\n"))
	small := Manifest{Format: manifestFormat, Month: october, Copy: 2, File: fileName(october, 2)}
	f.Add(manifestOf(f, small))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, candidate := range [][]byte{text, resealed(text)} {
			m, err := decodeManifest(bytes.NewReader(candidate))
			if err != nil {
				wants(t, err, books.Integrity, "backup_corrupt")
				continue
			}
			if again := manifestOf(t, m); !bytes.Equal(again, candidate) {
				t.Errorf("took\n%s\nwhich is written as\n%s", candidate, again)
			}
		}
	})
}

// resealed gives a fuzzer's text a checksum, which it would never guess.
func resealed(text []byte) []byte {
	var m Manifest
	if json.Unmarshal(text, &m) != nil {
		return nil
	}
	text, err := m.encode()
	if err != nil {
		return nil
	}
	return text
}
