package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/export"
)

// sheetCell is a cell as another library reads it.
type sheetCell struct{ Kind, Text, Formula, Computed, Format string }

// sheets are the rows of a workbook's sheets.
type sheets map[string][][]sheetCell

// readXLSX reads a workbook with a library of other authors, which also computes
// each formula. It fails the test if that gives another value than the file has.
func readXLSX(t testing.TB, write func(*bytes.Buffer) error) sheets {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's, with Debian's library
	if err := exec.CommandContext(t.Context(), python, "-c", "import openpyxl").Run(); err != nil {
		program(t, "python3-openpyxl", "python3-openpyxl")
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	keep(t, "xlsx", b.Bytes())
	path := filepath.Join(t.TempDir(), "extrato.xlsx")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sheets
	if err := json.Unmarshal([]byte(run(t, python, "testdata/read_xlsx.py", path)), &all); err != nil {
		t.Fatal(err)
	}
	for name, rows := range all {
		for _, row := range rows {
			for _, c := range row {
				if c.Formula != "" && !sameNumber(c.Computed, c.Text) {
					t.Errorf("%s: %s gives %s, the file says %s", name, c.Formula, c.Computed, c.Text)
				}
			}
		}
	}
	return all
}

func sameNumber(a, b string) bool {
	var x, y float64
	_, err1 := fmt.Sscan(a, &x)
	_, err2 := fmt.Sscan(b, &y)
	return err1 == nil && err2 == nil && x-y < 0.001 && y-x < 0.001
}

// line is a row's values, without blank cells at its end.
func line(row []sheetCell) string {
	var cells []string
	for _, c := range row {
		cells = append(cells, c.Text)
	}
	return strings.TrimRight(strings.Join(cells, "|"), "|")
}

// find returns the first row that begins with a text.
func (s sheets) find(t testing.TB, sheet, first string) []sheetCell {
	t.Helper()
	i := slices.IndexFunc(s[sheet], func(row []sheetCell) bool { return len(row) > 0 && row[0].Text == first })
	if i < 0 {
		t.Fatalf("%s has no row %q: %v", sheet, first, s[sheet])
	}
	return s[sheet][i]
}

func TestA_workbook_holds_every_row_and_formulas_that_give_the_totals(t *testing.T) {
	s := busy(t, 60)
	x := readXLSX(t, func(b *bytes.Buffer) error { return export.WriteXLSX(b, s, export.PT) })
	rows := map[string]int{}
	for _, row := range s.Rows {
		sheet, want := "", []any{}
		switch r := row.(type) {
		case *books.Payment:
			sheet, want = "Pagamentos", []any{r.ID, r.Date, r.ClientName.V, r.ArtistName.V, r.Method, r.Amount}
		case *books.Session:
			sheet, want = "Sessões", []any{r.ID, r.Date, r.ClientName.V, r.ArtistName.V, "paga", r.Amount}
		case *books.Commission:
			sheet, want = "Comissões", []any{r.ID, r.PaymentDate.V, r.ArtistName.V, r.ClientName.V, r.PaymentAmount.V, "0.6", r.Amount}
		case *books.Expense:
			sheet, want = "Gastos", []any{r.ID, r.Date, r.Description.V, "Outros", r.Method, r.Amount}
		}
		rows[sheet]++
		got := x[sheet][rows[sheet]]
		for i, w := range want {
			kind, same := "text", got[i].Text == fmt.Sprint(w)
			switch w := w.(type) {
			case books.ID:
				kind = "number"
			case books.Money:
				kind, same = "number", sameNumber(got[i].Text, w.String()) && strings.Contains(got[i].Format, "R$")
			case books.Day:
				kind = "day"
			}
			if w == "0.6" {
				kind = "number"
			}
			if got[i].Kind != kind || !same {
				t.Errorf("%s: %+v, want %v", sheet, got[i], w)
			}
		}
	}
	totals := s.Header.Totals
	for name, want := range map[string]books.Money{
		"Receita total": totals.Revenue, "Comissões": totals.Commissions, "Despesas": totals.Expenses, "Saldo": totals.Balance, "Receita líquida": totals.NetRevenue,
	} {
		if c := x.find(t, "Resumo", name)[1]; c.Kind != "formula" || !sameNumber(c.Text, want.String()) {
			t.Errorf("%s: %+v, want %s", name, c, want)
		}
	}
	for sheet, column := range map[string]int{"Pagamentos": 5, "Comissões": 6, "Sessões": 5, "Gastos": 5} {
		last := x[sheet][len(x[sheet])-1]
		if last[0].Text != "Total" || last[column].Kind != "formula" || len(x[sheet]) != rows[sheet]+2 {
			t.Errorf("%s ends with %+v", sheet, last)
		}
	}
	if rafa := x.find(t, "Resumo", "Rafa Nogueira"); !sameNumber(rafa[1].Text, "0") || rafa[2].Kind != "formula" || sameNumber(rafa[2].Text, "0") {
		t.Errorf("an artist without commission: %+v", rafa)
	}
	if got := x.find(t, "Resumo", "Impressão digital")[1]; got.Text != s.Header.Fingerprint.String() {
		t.Errorf("%+v", got)
	}
}

// Nothing that somebody typed becomes a formula, a number or a day.
func TestTexts_stay_texts_in_a_workbook(t *testing.T) {
	names := append(slices.Clone(attacks), "1234", "2025-10-28", "R$ 5,00", "TRUE", "_x0041_", "*", "?", "~", ">1", "<>", strings.Repeat("x", 40_000))
	var rows []books.Row
	for i, name := range names {
		rows = append(rows, &books.Payment{ID: books.ID(i + 1), Date: 20251001, Amount: books.Money(100 + i), Method: books.String(name), ArtistID: books.ID(i + 1),
			ArtistName: books.TextOf(name), ClientName: books.TextOf(name), Note: books.TextOf(name)})
	}
	s := statementOf(t, rows...)
	s.Studio = names[0]
	x := readXLSX(t, func(b *bytes.Buffer) error { return export.WriteXLSX(b, s, export.PT) })
	for i, name := range names {
		row := x["Pagamentos"][i+1]
		for _, column := range []int{2, 3, 4, 7} {
			c := row[column]
			if c.Kind != "text" && c.Text != "" || c.Formula != "" {
				t.Errorf("%q became %+v", name, c)
			}
			if name == "_x0041_" { // as Excel reads it: what a file has of it would be the letter A
				if c.Text != "_x005F_x0041_" {
					t.Errorf("%q became %q", name, c.Text)
				}
				continue
			}
			if want := []rune(name); len(want) < 1000 && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r > 0x7f }) && c.Text != name {
				t.Errorf("%q became %q", name, c.Text)
			}
		}
	}
	if first := x["Resumo"][0][0]; first.Kind != "text" {
		t.Errorf("the studio's name is %+v", first)
	}
}

func TestWorkbooks_of_every_kind_of_statement(t *testing.T) {
	changed := october(t)
	changed.Unverified = true
	for name, s := range map[string]export.Statement{
		"october": october(t), "empty": statementOf(t), "artist": october(t).ForArtist(2, ""), "adopted": adopted(t), "changed": changed,
	} {
		t.Run(name, func(t *testing.T) {
			x := readXLSX(t, func(b *bytes.Buffer) error { return export.WriteXLSX(b, s, export.PT) })
			whole := fmt.Sprint(x)
			if c := x.find(t, "Resumo", "Receita total")[1]; !sameNumber(c.Text, s.Header.Totals.Revenue.String()) {
				t.Errorf("%+v", c)
			}
			if _, ok := x["Gastos"]; ok == (name == "artist") {
				t.Error("the studio's expenses are in an artist's part, or missing")
			}
			if name == "artist" && (strings.Contains(whole, "Bia") || strings.Contains(whole, "aluguel") || strings.Contains(whole, "Receita líquida")) {
				t.Errorf("it tells Ana of others: %s", whole)
			}
			if name == "changed" != strings.Contains(whole, "ATENÇÃO") || name == "changed" && strings.Contains(whole, s.ChainHash.String()) {
				t.Errorf("%s", whole)
			}
		})
	}
}

func TestA_list_of_payments_is_a_workbook_too(t *testing.T) {
	lines := []export.PaymentLine{
		{Payment: &books.Payment{ID: 1, Date: 20251028, Amount: 450_00, Method: "=1+1", ClientName: books.TextOf("João 💉"), Deposit: true}, Commission: 270_00},
		{Payment: &books.Payment{ID: 2, Date: 20251029, Amount: 30, Method: "Pix"}},
	}
	for _, shares := range []bool{true, false} {
		x := readXLSX(t, func(b *bytes.Buffer) error { return export.WritePaymentsXLSX(b, lines, shares, export.EN) })["Payments"]
		want := []string{"No.|Date|Client|Artist|Method|Deposit|Notes|Amount", "1|2025-10-28|João 💉||=1+1|yes||450", "2|2025-10-29|||Pix|||0.3", "Total|||||||450.3"}
		if shares {
			for i, more := range []string{"|Commission", "|270", "|0", "|270"} {
				want[i] += more
			}
		}
		for i, row := range x {
			if got := line(row); got != want[i] {
				t.Errorf("%q, want %q", got, want[i])
			}
		}
		if c := x[3][7]; c.Kind != "formula" || x[1][1].Kind != "day" {
			t.Errorf("%+v %+v", c, x[1][1])
		}
	}
}

// cached is the value of a formula in a sheet.
var cached = regexp.MustCompile(`(<f>[^<]*</f>)<v>[^<]*</v>`)

// LibreOffice gets workbooks without the values of their formulas, and computes
// the values that we wrote.
func TestLibreOffice_computes_the_same_totals(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts an office program")
	}
	office := program(t, "soffice", "libreoffice-calc-nogui")
	folder := t.TempDir()
	read := func(file []byte) string {
		t.Helper()
		path := filepath.Join(folder, "extrato.xlsx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, office, "-env:UserInstallation=file://"+folder+"/profile", "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", folder, path)
		text, err := os.ReadFile(filepath.Join(folder, "extrato.csv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, s := range map[string]export.Statement{"busy": busy(t, 40), "hostile": hostile(t)} {
		var b bytes.Buffer
		if err := export.WriteXLSX(&b, s, export.PT); err != nil {
			t.Fatal(err)
		}
		bare, formulas := withoutValues(t, b.Bytes())
		computed, written := read(bare), read(b.Bytes())
		if computed != written || formulas < 15 || !strings.Contains(computed, s.Header.Totals.Revenue.String()[:3]) {
			t.Errorf("%s: %d formulas give\n%s\nthe file says\n%s", name, formulas, computed, written)
		}
	}
}

// withoutValues returns a workbook without the values of its formulas, and how
// many there are.
func withoutValues(t testing.TB, file []byte) (bare []byte, formulas int) {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, part := range in.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		formulas += len(cached.FindAll(content, -1))
		w, err := out.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(cached.ReplaceAll(content, []byte("$1"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), formulas
}
