// Package webtest looks at pages as people do: without JavaScript, by labels and
// buttons (Person), and in a real Chromium (Chromium).
package webtest

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Document is a parsed page.
type Document struct{ root *html.Node }

// Parse reads a page.
func Parse(t testing.TB, text string) *Document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return &Document{root}
}

// all returns the elements below n with one of these names, in order.
func all(n *html.Node, names ...string) (found []*html.Node) {
	for d := range n.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		for _, name := range names {
			if d.Data == name || name == "*" {
				found = append(found, d)
			}
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text is an element's text, with single blanks.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		} else if d.Data == "p" || d.Data == "li" || d.Data == "td" || d.Data == "dd" {
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Text is the page's text.
func (d *Document) Text() string { return text(d.root) }

// Heading is the page's h1.
func (d *Document) Heading() string {
	if h := all(d.root, "h1"); len(h) > 0 {
		return text(h[0])
	}
	return ""
}

// Links returns the texts of the page's links, with their targets.
func (d *Document) Links() map[string]string {
	links := map[string]string{}
	for _, a := range all(d.root, "a") {
		links[text(a)] = attribute(a, "href")
	}
	return links
}

// Has reports whether an element has this id.
func (d *Document) Has(id string) bool {
	for _, n := range all(d.root, "*") {
		if attribute(n, "id") == id {
			return true
		}
	}
	return false
}

// Table returns the rows of the table with a caption, its last line included,
// cell by cell; nil if there is none.
func (d *Document) Table(caption string) (rows [][]string) {
	for _, t := range all(d.root, "table") {
		if c := all(t, "caption"); len(c) == 0 || text(c[0]) != caption {
			continue
		}
		for _, part := range all(t, "tbody", "tfoot") {
			for _, tr := range all(part, "tr") {
				var cells []string
				for _, cell := range all(tr, "th", "td") {
					cells = append(cells, text(cell))
				}
				rows = append(rows, cells)
			}
		}
	}
	return rows
}

// Faults lists a page's barriers for people who read or hear it.
func (d *Document) Faults() (faults []string) {
	fault := func(format string, values ...any) { faults = append(faults, fmt.Sprintf(format, values...)) }
	if n := len(all(d.root, "h1")); n != 1 {
		fault("%d headings h1", n)
	}
	ids := map[string]bool{}
	for _, n := range all(d.root, "*") {
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				fault("two elements with the id %s", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || strings.Contains(a.Val, "js:") {
				fault("%s has %s=%q, which the policy forbids", n.Data, a.Key, a.Val)
			}
		}
		if (n.Data == "style" || n.Data == "script" && !has(n, "src")) && n.FirstChild != nil {
			fault("%s inside the page", n.Data)
		}
	}
	for _, n := range all(d.root, "html") {
		if attribute(n, "lang") == "" {
			fault("no language")
		}
	}
	for _, n := range all(d.root, "input", "select", "textarea") {
		if attribute(n, "type") != "hidden" && d.label(n) == "" {
			fault("%s %s has no label", n.Data, attribute(n, "name"))
		}
	}
	for _, n := range all(d.root, "button", "a") {
		if text(n) == "" && attribute(n, "aria-label") == "" {
			fault("a %s says nothing", n.Data)
		}
	}
	for _, n := range all(d.root, "img") {
		if !has(n, "alt") {
			fault("a picture says nothing")
		}
	}
	return faults
}

// label is a control's name.
func (d *Document) label(control *html.Node) string {
	if id := attribute(control, "id"); id != "" {
		for _, l := range all(d.root, "label") {
			if attribute(l, "for") == id {
				return text(l)
			}
		}
	}
	for p := control.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return text(p)
		}
	}
	return attribute(control, "aria-label")
}
