package web_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/export"
	"extrato/internal/recording"
	"extrato/internal/web/webtest"
)

// download asks for a file.
func (s *monthStudio) download(t testing.TB, who *webtest.Person, path string) (status int, header http.Header, body string) {
	t.Helper()
	resp, err := who.Client.Get(s.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(content)
}

// PDFs and workbooks of many visitors wait for each other; pages do not.
func TestA_file_waits_for_its_turn_and_goes_with_its_visitor(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		for range 2 {
			end, err := export.Turn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(end)
		}
		s.Open("/extrato/"+path(m)).Is(200, "")
		for _, file := range []string{"/extrato/" + path(m) + ".pdf", "/pagamentos.xlsx", "/pagamentos.csv"} {
			ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+file, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := s.Client.Do(request); err == nil {
				resp.Body.Close()
				t.Errorf("%s was made at once: %d", file, resp.StatusCode)
			}
			leave()
		}
	})
}

func TestA_statement_is_downloaded_in_each_format(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First(), Amount: 333_00, Method: "Pix", ArtistID: 502, ClientID: books.RefTo(702)}})
		page := "/extrato/" + path(m)
		bia, rita := s.signIn(t, "Bia Moreira", "Artista"), s.signIn(t, "Rita", "Recepção")
		get := func(who *webtest.Person, name string) (int, http.Header, string) {
			return s.download(t, who, page+"."+name)
		}
		if status, header, _ := get(s.Person, "pdf"); status != 303 || header.Get("Location") != page {
			t.Errorf("of an open month: %d %s", status, header.Get("Location"))
		}
		s.closes(t, m)
		begins := map[string]string{"pdf": "%PDF-1.", "xlsx": "PK", "csv": "tipo,mes,"}
		for name, begin := range begins {
			status, header, body := get(s.Person, name)
			if status != 200 || !strings.HasPrefix(body, begin) || header.Get("Content-Disposition") != `attachment; filename="extrato_`+m.String()+"."+name+`"` {
				t.Errorf("%s: %d %v %.20q", name, status, header, body)
			}
			if status, _, _ := get(rita, name); status != 403 {
				t.Errorf("reception gets the %s: %d", name, status)
			}
			if status, _, body := get(bia, name); status != 200 || !strings.HasPrefix(body, begin) {
				t.Errorf("the artist gets no %s: %d", name, status)
			}
		}
		_, _, whole := get(s.Person, "pdf")
		_, _, part := get(bia, "pdf")
		if strings.Count(whole, "/EmbeddedFile ") != 1 || strings.Contains(part, "/EmbeddedFile ") {
			t.Error("the whole statement's PDF has no proof attached, or an artist's has")
		}
		if _, _, body := get(bia, "csv"); strings.Contains(body, "Caio") || strings.Contains(body, "333.00") || !strings.Contains(body, "457.00") {
			t.Errorf("the artist reads %s", body)
		}
		s.Open(page)
		for name, link := range map[string]string{"PDF": ".pdf", "XLSX": ".xlsx", "CSV": ".csv", "Imprimir": "?imprimir"} {
			if s.Links()[name] != page+link {
				t.Errorf("%s leads to %q", name, s.Links()[name])
			}
		}
		for _, nothing := range []string{"docx", "", "pdf.pdf", "CSV"} {
			if status, _, _ := get(s.Person, nothing); status != 404 {
				t.Errorf("%q: %d", nothing, status)
			}
		}
		kind := map[bool]string{true: "TEXT", false: "JSON"}[s.db.Path != ""]
		s.db.Tamper(t, "UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), '457.00', '475.00') AS "+kind+")")
		for name := range begins {
			for _, who := range []*webtest.Person{s.Person, bia} {
				if status, header, _ := get(who, name); status != 303 || header.Get("Location") != page {
					t.Errorf("a changed statement as %s: %d %v", name, status, header)
				}
				if who.Open(page).Says("foi alterado depois do fechamento"); strings.Contains(who.Text(), "R$") {
					t.Errorf("it shows a figure: %s", who.Text())
				}
			}
		}
		if s.Open(page + "?imprimir").Says("foi alterado depois do fechamento"); strings.Contains(s.Text(), "R$") {
			t.Errorf("it prints a figure: %s", s.Text())
		}
	})
}

func TestA_page_to_be_printed_has_whole_lists(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		for i := range 23 {
			s.pays(t, m.First().Add(i), books.Money(100_00+i))
		}
		check := func(at string) {
			t.Helper()
			s.Open(at).Says("1 a 10 de 23")
			s.Open(s.Links()["Imprimir"]).Says("prontas para a impressora")
			if rows := s.Table("Pagamentos"); len(rows) != 24 {
				t.Errorf("%d rows", len(rows))
			}
			s.Open(s.Links()["Voltar às páginas"]).Is(200, "")
		}
		check("/historico/" + path(m))
		s.closes(t, m)
		check("/extrato/" + path(m))
	})
}

func TestWhat_a_revision_changed_is_listed(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.pays(t, m.First().Add(1), 99_00)
		s.spends(t, m.First(), "Luvas", 81_00)
		s.closes(t, m)
		if _, err := s.closer.Reopen(t.Context(), m, "estava errado", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.db.Exec(t, "UPDATE pagamentos SET valor = 475 WHERE valor = 457")
		s.db.Exec(t, "DELETE FROM gastos")
		s.spends(t, m.First().Add(2), "Aluguel", 50_00)
		s.closes(t, m)
		got := map[string][]string{}
		for _, row := range s.Open("/extrato/" + path(m)).Says("Revisão 2, comparada com a revisão 1").Table("Revisão 2, comparada com a revisão 1") {
			got[row[0]] = row[2:]
		}
		if len(got) != 3 || got["Pagamento · Duda Falcão"][0] != "R$ 457,00" || got["Pagamento · Duda Falcão"][1] != "R$ 475,00" ||
			got["Gasto · Luvas"][1] != "–" || !strings.HasPrefix(got["Gasto · Luvas"][0], "R$ 81,00") || got["Gasto · Aluguel"][0] != "–" {
			t.Errorf("%v", got)
		}
		if s.Open("/extrato/" + path(m) + "/revisao/1"); s.Table("Revisão 1, comparada com a revisão 0") != nil || strings.Contains(s.Text(), "comparada") {
			t.Error("the first revision is compared")
		}
	})
}
