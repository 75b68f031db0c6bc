package web

import (
	"fmt"
	"maps"
	"strings"

	"extrato/internal/books"
)

// language is a language of the pages.
type language struct {
	Code   string // of the cookie: pt, en
	Tag    string // of <html lang>
	texts  map[string]string
	months [13]string
	days   [7]string
}

// The parts of the catalogues, each the words of some pages.
var (
	partsPt = []map[string]string{
		textsPt,
		textsPtArtists,
		textsPtCharts,
		textsPtClients,
		textsPtDay,
		textsPtDoctor,
		textsPtExpenses,
		textsPtMonth,
		textsPtOperate,
		textsPtSessions,
	}
	partsEn = []map[string]string{
		textsEn,
		textsEnArtists,
		textsEnCharts,
		textsEnClients,
		textsEnDay,
		textsEnDoctor,
		textsEnExpenses,
		textsEnMonth,
		textsEnOperate,
		textsEnSessions,
	}
)

// The languages. Portuguese is the studio's, and the default.
var (
	portuguese = &language{Code: "pt", Tag: "pt-BR", texts: catalogue(partsPt...),
		months: [13]string{"", "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
		days:   [7]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}}
	english = &language{Code: "en", Tag: "en", texts: catalogue(partsEn...),
		months: [13]string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		days:   [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}}
	languages = []*language{portuguese, english}
)

// catalogue puts the words of groups of pages together. No two have words for
// one name: a test sees to it.
func catalogue(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// text returns the words of a name, with values in their places. It fails if
// there are none, so a page never shows a gap.
func (l *language) text(name string, values ...any) (string, error) {
	words, ok := l.texts[name]
	if !ok {
		return "", fmt.Errorf("the pages have no words in %s for %q", l.Code, name)
	}
	if len(values) == 0 {
		return words, nil
	}
	return fmt.Sprintf(words, values...), nil
}

// t returns the words of a name written in this package: a test checks that
// each has words.
func (l *language) t(name string, values ...any) string {
	words, err := l.text(name, values...)
	if err != nil {
		return name
	}
	return words
}

// count returns the words for n things: those for one stand before a bar, those
// for any other number behind it.
func (l *language) count(n int, name string) (string, error) {
	words, err := l.text(name)
	one, many, ok := strings.Cut(words, "|")
	if err == nil && !ok {
		err = fmt.Errorf("the words for %q have no bar between one and many", name)
	}
	if n == 1 {
		return fmt.Sprintf(one, n), err
	}
	return fmt.Sprintf(many, n), err
}

// has reports whether there are words for a name: not every code of an error
// has some.
func (l *language) has(name string) bool { return l.texts[name] != "" }

// month returns the month in words: outubro de 2025.
func (l *language) month(m books.Month) string {
	return l.t("month of year", l.months[m.Month], m.Year)
}
