package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxRelative is the limit of relative words per 1,000 words of comments:
// well-read Go projects have 6 to 19.
const maxRelative = 20

var (
	relative = regexp.MustCompile(`(?i)\b(that|which|what|whatever|who|whom|whose|whoever)\b`)
	comment  = regexp.MustCompile(`^\s*//\s?(.*)|\s//\s(.*)`)
	pragma   = regexp.MustCompile(`^\s*//(go:|nolint|line )|//\s*nolint`)
)

// CheckWords counts the relative words in the comments of a tree's Go files,
// without tests. It returns a sentence if there are too many, with the files
// where most stand.
func CheckWords(root string) (string, error) {
	words, found := 0, 0
	worst, most := "", 0
	err := eachGoFile(root, func(name string) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		said := comments(string(text))
		n := len(relative.FindAllString(said, -1))
		words, found = words+len(strings.Fields(said)), found+n
		if n > most {
			worst, most = name, n
		}
		return nil
	})
	if err != nil || found*1000 <= maxRelative*words {
		return "", err
	}
	return fmt.Sprintf("%d relative words (that, which, what, who …) in %d words of comments, the limit is %d per 1,000; %s has most, %d: write subject, verb, object, and the standard noun",
		found, words, maxRelative, worst, most), nil
}

// comments returns the text of a Go file's comments.
func comments(text string) string {
	var said strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		if m := comment.FindStringSubmatch(line); m != nil && !pragma.MatchString(line) {
			said.WriteString(m[1] + m[2] + "\n")
		}
	}
	return said.String()
}
