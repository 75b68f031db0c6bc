package web

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The guides name buttons and pages as they are: each bold or slanted word in them
// is a text of the pages. Bold beginnings of paragraphs end with a full stop.
func TestThe_guides_use_the_words_of_the_pages(t *testing.T) {
	emphasis := regexp.MustCompile(`\*\*([^*]+)\*\*|\*([^*\n]+)\*`)
	others := []string{"csv", "pdf", "xlsx", "english"}
	for file, lang := range map[string]*language{"../../docs/guia.md": portuguese, "../../docs/guide.md": english} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for _, words := range lang.texts {
			words = strings.TrimSuffix(strings.TrimPrefix(words, "‹ "), " ›")
			said[strings.ToLower(words)] = true
			first, _, _ := strings.Cut(words, " (")
			said[strings.ToLower(first)] = true
		}
		found := 0
		for _, m := range emphasis.FindAllStringSubmatch(string(text), -1) {
			words := strings.ToLower(m[1] + m[2])
			if strings.HasSuffix(words, ".") || slices.Contains(others, words) {
				continue
			}
			found++
			for _, month := range []string{"outubro", "october"} {
				words = strings.Replace(words, month, "%s", 1)
			}
			if !said[words] {
				t.Errorf("%s names %q, and no page does", file, m[0])
			}
		}
		if found < 50 {
			t.Errorf("%s names only %d buttons and pages", file, found)
		}
	}
}
