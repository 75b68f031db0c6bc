package books

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// SameName reports whether two names are the same as people write them: blind to
// case, to blanks around them and to how many stand between words.
func SameName(a, b string) bool { return NameKey(a) == NameKey(b) }

// NameKey returns the text that the same names have in common.
func NameKey(name string) string {
	return letters().key(strings.Join(strings.Fields(name), " "), true)
}

// SearchKey returns the text a search compares: without case and accents.
func SearchKey(text string) string { return letters().key(text, false) }

func foldCase(text string) string { return cases.Fold().String(norm.NFC.String(text)) }

func foldAll(text string) string {
	bare, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil {
		bare = text
	}
	return cases.Fold().String(bare)
}

// latin holds the keys of all Latin letters, each by itself: of names without
// other characters the key needs no transformation, 50 times as fast.
type latin struct{ cased, bare [0x250]string }

var letters = sync.OnceValue(func() *latin {
	l := &latin{}
	for r := range rune(len(l.bare)) {
		l.cased[r], l.bare[r] = foldCase(string(r)), foldAll(string(r))
	}
	return l
})

// key folds the case of a text, and its accents unless they stay.
func (l *latin) key(text string, accents bool) string {
	table, slow := &l.bare, foldAll
	if accents {
		table, slow = &l.cased, foldCase
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if int(r) >= len(table) { // what is no UTF-8 too
			return slow(text)
		}
		b.WriteString(table[r])
	}
	return b.String()
}
