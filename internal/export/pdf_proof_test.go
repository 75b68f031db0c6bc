package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"extrato/internal/export"
)

// proof is as long as that of the 150th entry of a chain.
func proof() *export.Proof {
	var text strings.Builder
	text.WriteString("c2sp.org/tlog-proof@v1\nindex 149\n")
	for i := range 8 {
		sum := sha256.Sum256([]byte{byte(i)})
		text.WriteString(base64.StdEncoding.EncodeToString(sum[:]) + "\n")
	}
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	fmt.Fprintf(&text, "\nextrato/estudio-agulha-4f9c2a1b\n150\n%s\n\n-- extrato/estudio-agulha-4f9c2a1b %s\n", root, base64.StdEncoding.EncodeToString(make([]byte, 68)))
	return &export.Proof{
		Document: []byte(`{"format":"extrato proof 1","note":"João 💉 <&>"}`), Code: text.String(),
		Origin: "extrato/estudio-agulha-4f9c2a1b", Key: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)), Size: 150, Root: root,
	}
}

// pictures returns the pages of a statement's PDF as pictures.
func pictures(t testing.TB, s export.Statement, dpi int) []image.Image {
	t.Helper()
	paint := program(t, "pdftoppm", "poppler-utils")
	var b bytes.Buffer
	if err := export.WritePDF(&b, s, export.PT); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "extrato.pdf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, paint, "-png", "-r", fmt.Sprint(dpi), path, filepath.Join(folder, "page"))
	names, err := filepath.Glob(filepath.Join(folder, "page*.png"))
	if err != nil || len(names) == 0 {
		t.Fatal("there are no pictures", err)
	}
	var pages []image.Image
	for i, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		keep(t, fmt.Sprintf("%d.png", i), raw)
		picture, _, err := image.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, picture)
	}
	return pages
}

func TestThe_QR_code_is_read_back_from_pictures_of_the_paper(t *testing.T) {
	s := october(t)
	s.Proof = proof()
	for _, dpi := range []int{150, 300} {
		t.Run(fmt.Sprint(dpi), func(t *testing.T) {
			found := ""
			for _, page := range pictures(t, s, dpi) {
				bitmap, err := gozxing.NewBinaryBitmapFromImage(page)
				if err != nil {
					t.Fatal(err)
				}
				if read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}); err == nil {
					found = read.GetText()
				}
			}
			if found != s.Proof.Code {
				t.Errorf("read %q", found)
			}
		})
	}
}

func TestThe_proof_is_attached_to_a_PDF(t *testing.T) {
	detach := program(t, "pdfdetach", "poppler-utils")
	s := october(t)
	s.Proof = proof()
	var b bytes.Buffer
	if err := export.WritePDF(&b, s, export.PT); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-1.7\n")) {
		t.Errorf("it begins with %q", b.Bytes()[:9])
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "extrato.pdf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, detach, "-saveall", "-o", folder, path)
	attached, err := os.ReadFile(filepath.Join(folder, "extrato_2025-10.prova.json"))
	if err != nil || !bytes.Equal(attached, s.Proof.Document) {
		t.Errorf("attached: %q, %v", attached, err)
	}
	text := strings.Join(strings.Fields(run(t, program(t, "pdftotext", "poppler-utils"), "-layout", path, "-")), " ")
	for _, want := range []string{s.Proof.Origin, s.Proof.Key, "150 entradas, raiz " + s.Proof.Root, "Confira você mesmo"} {
		if !strings.Contains(text, want) {
			t.Errorf("nowhere on paper: %q", want)
		}
	}
}

// What one artist gets, and a statement that was changed, attach no month.
func TestNothing_but_a_whole_verified_statement_attaches_a_proof(t *testing.T) {
	whole := october(t)
	whole.Proof = proof()
	changed := whole
	changed.Unverified = true
	for name, s := range map[string]export.Statement{"artist": whole.ForArtist(4, ""), "changed": changed} {
		t.Run(name, func(t *testing.T) {
			var pdf, json bytes.Buffer
			if err := export.WritePDF(&pdf, s, export.PT); err != nil {
				t.Fatal(err)
			}
			if err := export.WriteJSON(&json, s); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(pdf.Bytes(), []byte("/EmbeddedFile ")) || bytes.Contains(json.Bytes(), []byte(`"proof"`)) {
				t.Error("it attaches the month")
			}
		})
	}
	if text, _ := pdfOf(t, whole.ForArtist(4, ""), export.PT); !strings.Contains(text, whole.Proof.Root) || strings.Contains(text, "Confira você mesmo") {
		t.Errorf("an artist's paper has no signed head, or calls itself proved:\n%s", text)
	}
}
