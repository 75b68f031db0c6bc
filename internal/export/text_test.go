package export_test

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/export"
)

func TestAmounts_stand_under_each_other(t *testing.T) {
	widths := &runewidth.Condition{StrictEmojiNeutral: true}
	names := rapid.SampledFrom(append([]string{"\u0301", "\u0591x", "e\u0301", "nome muito comprido que não cabe numa linha só", "semespaçossemespaçossemespaçossemespaços", "李小龙李小龙李小龙李小龙李小龙"}, attacks...))
	rapid.Check(t, func(t *rapid.T) {
		var rows []books.Row
		for id := range books.ID(4) {
			name := func(label string) books.Text { return books.TextOf(names.Draw(t, label) + names.Draw(t, label)) }
			rows = append(rows, &books.Payment{
				ID: id + 1, Date: 20251028, Amount: -865, Method: name("method").V, ArtistID: 2,
				ClientName: name("client"), ArtistName: name("artist"), Note: name("note"),
			})
		}
		list, _, _ := strings.Cut(text(t, statementOf(t, rows...), export.PT), "\nComissões\n")
		ends := map[int]bool{}
		for line := range strings.Lines(list) {
			if before, _, ok := strings.Cut(line, "-R$ 8,65"); ok {
				ends[widths.StringWidth(before)] = true
			}
		}
		if len(ends) != 1 {
			t.Fatalf("amounts begin at %v:\n%s", ends, list)
		}
	})
}

func TestThe_seven_headings_of_v4_come_in_its_order(t *testing.T) {
	got := text(t, october(t), export.PT)
	for _, heading := range []string{
		"Pagamentos", "Comissões", "Sessões realizadas", "Comissões por Artista", "Receita por Forma de Pagamento", "Gastos do Mês", "Totais do Mês",
	} {
		_, rest, found := strings.Cut(got, "\n"+heading+"\n")
		if !found {
			t.Fatalf("%s is missing or comes too early in\n%s", heading, got)
		}
		got = rest
	}
}

func TestA_megabyte_in_one_note_is_folded_piece_by_piece(t *testing.T) {
	note := strings.Repeat("x", 1<<20) + strings.Repeat("\u0301", 10000) + " 李" + strings.Repeat("小", 5000)
	got := text(t, statementOf(t, &books.Payment{ID: 1, Date: 20251028, Method: "Pix", ArtistID: 2, Note: books.TextOf(note)}), export.PT)
	for _, sign := range []string{"x", "\u0301", "李", "小"} {
		if strings.Count(got, sign) < strings.Count(note, sign) {
			t.Errorf("%q: %d of %d are shown", sign, strings.Count(got, sign), strings.Count(note, sign))
		}
	}
}
