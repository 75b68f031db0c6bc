package export_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/export"
)

// program returns where a program is. Without it the test is skipped; in CI it
// fails.
func program(t testing.TB, name, pack string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("there is no %s on this machine: apt-get install %s", name, pack)
		}
		t.Skipf("*** NO %s ON THIS MACHINE: an export is not read back. apt-get install %s ***", strings.ToUpper(name), pack)
	}
	return path
}

// run returns what a program prints.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, problems.String())
	}
	return string(out)
}

// pdfOf writes a statement and returns its text and its number of pages, as
// another program reads them.
func pdfOf(t testing.TB, s export.Statement, lang export.Lang) (text string, pages int) {
	t.Helper()
	read, info := program(t, "pdftotext", "poppler-utils"), program(t, "pdfinfo", "poppler-utils")
	var b bytes.Buffer
	if err := export.WritePDF(&b, s, lang); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "extrato.pdf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	keep(t, "pdf", b.Bytes())
	found := regexp.MustCompile(`(?m)^Pages:\s+(\d+)$`).FindStringSubmatch(run(t, info, path))
	if found == nil {
		t.Fatal("pdfinfo counts no pages")
	}
	pages, _ = strconv.Atoi(found[1])
	return run(t, read, "-layout", path, "-"), pages
}

// keep leaves a file in the folder SHOTS, for people to look at.
func keep(t testing.TB, ending string, file []byte) {
	t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, strings.NewReplacer("/", "-", " ", "_").Replace(t.Name())+"."+ending), file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// busy is a month of so many payments, each with a session and a commission, and
// half as many expenses.
func busy(t testing.TB, n int) export.Statement {
	t.Helper()
	artists := []string{"Ana Conceição", "Bia Moreira", "Caio Tanaka", "Rafa Nogueira"}
	methods := []string{"Pix", "Dinheiro", "Cartão de Crédito"}
	var payments, sessions, commissions, expenses []books.Row
	first := books.Month{Year: 2025, Month: time.October}.First()
	for i := range n {
		id, day, amount := books.ID(i+1), first.Add(i*31/n), books.Money(100_00+37*i)
		client, artist := books.TextOf(fmt.Sprintf("Cliente %04d", i)), i%len(artists)
		name, ref := books.TextOf(artists[artist]), books.ID(artist+1)
		payments = append(payments, &books.Payment{ID: id, Date: day, Amount: amount, Method: books.String(methods[i%3]), ArtistID: ref, ClientName: client, ArtistName: name, SessionID: books.RefTo(id)})
		sessions = append(sessions, &books.Session{ID: id, Date: day, Amount: amount, ArtistID: ref, Status: books.TextOf("paid"), PaymentID: books.RefTo(id), ClientName: client, ArtistName: name})
		if artist != 3 { // the owner takes no commission
			commissions = append(commissions, &books.Commission{ID: id, PaymentID: books.RefTo(id), ArtistID: ref, Percent: 60_00, Amount: amount.Percent(60_00), ClientName: client, ArtistName: name,
				PaymentAmount: books.NullMoney{V: amount, Valid: true}, PaymentDate: books.NullDay{V: day, Valid: true}})
		}
		if i%2 == 0 {
			expenses = append(expenses, &books.Expense{ID: id, Date: day, Amount: books.Money(10_00 + i), Description: books.TextOf(fmt.Sprintf("Gasto %04d", i)), Method: "Pix", CreatedBy: 1})
		}
	}
	return statementOf(t, append(append(append(payments, sessions...), commissions...), expenses...)...)
}

func TestA_PDF_holds_every_row_and_every_total(t *testing.T) {
	s := busy(t, 60)
	s.Studio = "Estúdio Agulha Fina"
	text, _ := pdfOf(t, s, export.PT)
	flat := strings.Join(strings.Fields(text), " ")
	has := func(line ...string) {
		t.Helper()
		if want := strings.Join(line, " "); !strings.Contains(flat, want) {
			t.Errorf("nowhere %q", want)
		}
	}
	has("Estúdio Agulha Fina")
	has("Extrato de outubro de 2025", "Revisão 1, fechada em 01/11/2025 02:00")
	for _, row := range s.Rows {
		switch r := row.(type) {
		case *books.Payment:
			line := []string{r.Date.People(), string(r.ClientName.V), string(r.ArtistName.V), string(r.Method)}
			if r.ArtistID != 4 {
				line = append(line, r.Amount.Percent(60_00).People())
			}
			has(append(line, r.Amount.People())...)
		case *books.Session:
			has(r.Date.People(), string(r.ClientName.V), string(r.ArtistName.V), "paga", r.Amount.People())
		case *books.Commission:
			has(r.PaymentDate.V.People(), string(r.ArtistName.V), string(r.ClientName.V), r.PaymentAmount.V.People(), "60,00", r.Amount.People())
		case *books.Expense:
			has(r.Date.People(), string(r.Description.V), "Pix", r.Amount.People())
		}
	}
	totals := s.Header.Totals
	for _, m := range totals.ByMethod {
		has(m.Method, m.Total.People())
	}
	var revenue books.Money
	for _, name := range []string{"Ana Conceição", "Bia Moreira", "Caio Tanaka", "Rafa Nogueira"} {
		var earned, share books.Money
		for _, row := range s.Rows {
			switch r := row.(type) {
			case *books.Payment:
				if string(r.ArtistName.V) == name {
					earned += r.Amount
				}
			case *books.Commission:
				if string(r.ArtistName.V) == name {
					share += r.Amount
				}
			}
		}
		revenue += earned
		has(name, share.People(), earned.People())
	}
	if revenue != totals.Revenue {
		t.Errorf("the artists' revenues add up to %s, not %s", revenue.People(), totals.Revenue.People())
	}
	has("Total", totals.Commissions.People(), totals.Revenue.People())
	has("Saldo", totals.Balance.People())
	has("Receita líquida", totals.NetRevenue.People())
	has("Total: 60 pagamentos", totals.Revenue.People())
	for _, proof := range []string{s.Header.Fingerprint.String(), s.ChainHash.String(), s.BackupSHA256, s.BackupFile} {
		if !strings.Contains(strings.Join(strings.Fields(text), ""), proof) {
			t.Errorf("nowhere %s", proof)
		}
	}
}

func TestEach_page_of_a_PDF_repeats_the_titles_and_says_its_number(t *testing.T) {
	text, pages := pdfOf(t, busy(t, 620), export.PT)
	if pages < 35 || pages > 60 {
		t.Errorf("%d pages", pages)
	}
	for i, page := range strings.SplitN(text, "\f", pages) {
		if !strings.Contains(page, fmt.Sprintf("Página %d de %d", i+1, pages)) || !strings.Contains(page, "Valor") && !strings.Contains(page, "Comissão") && !strings.Contains(page, "O que foi provado") {
			t.Errorf("page %d:\n%s", i+1, page)
		}
	}
	if n := strings.Count(text, "(continuação)"); n < pages-8 {
		t.Errorf("%d of %d pages say what goes on", n, pages)
	}
}

func TestA_PDF_of_one_page(t *testing.T) {
	for name, s := range map[string]export.Statement{"october": october(t), "empty": statementOf(t), "artist": october(t).ForArtist(4, "")} {
		t.Run(name, func(t *testing.T) {
			if text, pages := pdfOf(t, s, export.EN); pages > 2 || !strings.Contains(text, "Statement of October 2025") || !strings.Contains(text, "Page 1 of") {
				t.Errorf("%d pages:\n%s", pages, text)
			}
		})
	}
}

// What a name is made of breaks no file.
func TestNo_name_breaks_a_PDF_or_a_workbook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyStatement(t)
		s.Studio = hostileText.Draw(t, "studio")
		for _, lang := range []export.Lang{export.PT, export.EN} {
			var pdf, xlsx bytes.Buffer
			if err := export.WritePDF(&pdf, s, lang); err != nil {
				t.Fatalf("PDF: %v", err)
			}
			if err := export.WriteXLSX(&xlsx, s, lang); err != nil {
				t.Fatalf("XLSX: %v", err)
			}
		}
	})
}

func TestEmoji_and_names_from_right_to_left_are_printed(t *testing.T) {
	s := statementOf(t,
		&books.Payment{ID: 1, Date: 20251001, Amount: 1_00, Method: "Pix", ArtistID: 2, ArtistName: books.TextOf("Ana 👩\u200d🎨"), ClientName: books.TextOf("דוד לוי")},
		&books.Payment{ID: 2, Date: 20251002, Amount: 2_00, Method: "Pix", ArtistID: 2, ArtistName: books.TextOf("Ana"), ClientName: books.TextOf("محمد"), Note: books.TextOf(strings.Repeat("W", 255))},
		&books.Payment{ID: 3, Date: 20251003, Amount: 3_00, Method: "Pix", ArtistID: 2, ArtistName: books.TextOf("Ana"), ClientName: books.TextOf(strings.Repeat("palavra ", 5_000))},
	)
	text, _ := pdfOf(t, s, export.PT)
	if !strings.Contains(text, "Ana �") || !strings.Contains(text, "R$ 6,00") || !strings.Contains(text, "דוד") && !strings.Contains(text, "דוד לוי") {
		t.Error(text)
	}
}

func TestA_changed_statement_says_so_on_every_page_of_a_PDF(t *testing.T) {
	s := busy(t, 120)
	s.Unverified = true
	text, pages := pdfOf(t, s, export.PT)
	if n := strings.Count(text, "Isto NÃO é o extrato que foi fechado."); n != pages || !strings.Contains(text, "ATENÇÃO") {
		t.Errorf("%d of %d pages:\n%s", n, pages, text)
	}
	if strings.Contains(text, s.ChainHash.String()[:20]) || strings.Contains(text, s.Header.Fingerprint.String()[:20]) {
		t.Error("it calls something proved")
	}
}
