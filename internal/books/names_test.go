package books

import (
	"testing"

	"pgregory.net/rapid"
)

func TestKeys_of_latin_letters_are_those_of_any_text(t *testing.T) {
	text := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("aAçÇãÃÉ é\tßİı'-~´`^")), rapid.Rune(), rapid.SampledFrom([]rune{0x301, 0x303, 0x24F, 0x250, 0x212A})))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		if got, want := letters().key(s, true), foldCase(s); got != want {
			t.Errorf("with accents %q is %q, want %q", s, got, want)
		}
		if got, want := SearchKey(s), foldAll(s); got != want {
			t.Errorf("without accents %q is %q, want %q", s, got, want)
		}
	})
}

func TestNames_are_the_same_as_people_write_them(t *testing.T) {
	for _, same := range [][2]string{{" Zoë  Ançã", "zoë ançã"}, {"ANÇÃ", "Anc\u0327a\u0303"}, {"Duda", "duda"}} {
		if !SameName(same[0], same[1]) || SearchKey(same[0]) == "" {
			t.Errorf("%q and %q are two names", same[0], same[1])
		}
	}
	if SameName("Ana", "Aná") || SearchKey("Aná") != SearchKey("ANA") {
		t.Error("accents count in names, and not in searches")
	}
}
