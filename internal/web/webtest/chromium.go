package webtest

import (
	"context"
	_ "embed" // axe-core, to find barriers
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Chromium is a real browser in front of a server.
type Chromium struct {
	t        testing.TB
	base     string
	ctx      context.Context //nolint:containedctx // chromedp keeps the tab in it
	lock     sync.Mutex
	problems []string
	width    int64
}

//go:embed testdata/axe.min.js
var axe string

// timeout of one step, for a busy machine.
const timeout = 3 * time.Minute

// watch notes, in every page from its beginning, refusals of the policy and
// elements moving after they were drawn.
const watch = `window.seen = {refused: [], moved: 0};
addEventListener("securitypolicyviolation", e => seen.refused.push(e.violatedDirective + " " + e.blockedURI));
new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) seen.moved += e.value }).observe({type: "layout-shift", buffered: true});`

// Start starts a browser for the length of the test. Without Chromium on the
// machine the test is skipped; in CI it fails.
func Start(t testing.TB, base string) *Chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium on this machine: apt-get install chromium")
		}
		t.Skip("*** NO CHROMIUM ON THIS MACHINE: the pages are not looked at in a real browser. apt-get install chromium ***")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	c := &Chromium{t: t, base: base}
	ctx, endTab := chromedp.NewContext(allocated, chromedp.WithListener(c.heard))
	c.ctx = ctx // its first step starts the browser, for as long as that step may last
	t.Cleanup(func() { endTab(); end() })
	_, err = chromedp.Run(ctx, func(ctx context.Context, tab *chromedp.Target) (page.AddScriptToEvaluateOnNewDocumentResult, error) {
		return cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Size(1440, 900)
	return c
}

// heard keeps the page's complaints.
func (c *Chromium) heard(event any) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// The page itself may be a refusal; its parts may not.
		refusal := strings.Contains(e.Entry.Text, "the server responded with a status of") && !strings.Contains(e.Entry.URL, "/static/")
		if e.Entry.Level == "error" && !refusal {
			c.problems = append(c.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			c.problems = append(c.problems, fmt.Sprintf("console.%s %v", e.Type, e.Args))
		}
	case *runtime.EventExceptionThrown:
		c.problems = append(c.problems, e.ExceptionDetails.Text)
	}
}

// run does one step. A page that is left in the middle of a script never
// answers, so a step has an end of its own.
func run[T any](c *Chromium, step chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(c.ctx, timeout)
	defer cancel()
	return chromedp.Run(ctx, step)
}

func (c *Chromium) do(step chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	if _, err := run(c, step); err != nil {
		c.t.Fatal(err)
	}
}

// Evaluate returns a script's value; it may be a promise.
func Evaluate[T any](c *Chromium, script string) T {
	c.t.Helper()
	value, err := run(c, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("%.80s: %v", script, err)
	}
	return value
}

// Size makes the window so wide and high, in CSS pixels.
func (c *Chromium) Size(width, height int64) {
	c.t.Helper()
	c.width = width
	c.do(chromedp.EmulateViewport(width, height))
}

// Dark makes the system's choice dark or light.
func (c *Chromium) Dark(dark bool) {
	c.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[dark]
	_, err := run(c, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// SignIn gives the browser a client's login.
func (c *Chromium) SignIn(client *http.Client) {
	c.t.Helper()
	u, err := url.Parse(c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range client.Jar.Cookies(u) {
		_, err := run(c, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, tab, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: c.base})
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// Open opens a page.
func (c *Chromium) Open(path string) {
	c.t.Helper()
	c.do(chromedp.Navigate(c.base + path))
}

// Press clicks the button or link with these words, and waits for the next
// page.
func (c *Chromium) Press(words string) {
	c.t.Helper()
	found := fmt.Sprintf(`(() => { const said = e => (e.innerText || e.textContent).replace(/\s+/g, " ").trim();
		const e = [...document.querySelectorAll("button,a")].find(e => said(e) === %q && e.checkVisibility());
		if (!e) return false; document.documentElement.dataset.old = "1"; e.click(); return true })()`, words)
	if !Evaluate[bool](c, found) {
		c.t.Fatalf("%s has no button %q:\n%s", c.Path(), words, c.Text())
	}
	c.Wait(`!document.documentElement.dataset.old && document.readyState === "complete"`)
}

// Type puts the cursor into the field with a label and types there.
func (c *Chromium) Type(label, value string) {
	c.t.Helper()
	found := fmt.Sprintf(`(() => { const said = e => e.textContent.replace(/\s+/g, " ").trim();
		const l = [...document.querySelectorAll("label")].find(l => said(l) === %q && (!l.control || l.control.checkVisibility()));
		if (!l || !l.control) return false; l.control.focus(); if (l.control.select) l.control.select(); return true })()`, label)
	if !Evaluate[bool](c, found) {
		c.t.Fatalf("%s has no field %q", c.Path(), label)
	}
	c.Keys(value)
}

// Keys presses keys, wherever the cursor is.
func (c *Chromium) Keys(keys string) {
	c.t.Helper()
	c.do(chromedp.KeyEvent(keys))
}

// Follow presses keys that open another page, and waits for it.
func (c *Chromium) Follow(keys string) {
	c.t.Helper()
	Evaluate[string](c, `document.documentElement.dataset.old = "1"`)
	c.Keys(keys)
	c.Wait(`!document.documentElement.dataset.old && document.readyState === "complete"`)
}

// Wait waits until a script says true.
func (c *Chromium) Wait(script string) {
	c.t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		said, err := run(c, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
		if err == nil && said {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: %s never was: %v\n%s", c.Path(), script, err, c.Text())
		}
	}
}

// Text is the page's text.
func (c *Chromium) Text() string { return Evaluate[string](c, `document.body.innerText`) }

// Path is where the browser is.
func (c *Chromium) Path() string { return Evaluate[string](c, `location.pathname + location.search`) }

// Heading is the page's h1.
func (c *Chromium) Heading() string {
	return Evaluate[string](c, `document.querySelector("h1")?.innerText || ""`)
}

// Focus is the label of the field with the cursor. The browser sets the cursor
// some time after it has shown the page, so Focus waits for it for a while.
func (c *Chromium) Focus() string {
	for range 100 {
		if label := Evaluate[string](c, `document.activeElement.labels?.[0]?.textContent || ""`); label != "" {
			return label
		}
		time.Sleep(50 * time.Millisecond)
	}
	return ""
}

// firstView is the maximum size of a page on the wire, in bytes.
const firstView = 100_000

// Check looks at the page on the screen: no complaint of the browser, no
// refusal of the policy, no barrier, no sideways scrolling at 360 pixels, no
// more than 100 KB, and no moving element. If SHOTS names a folder, it keeps a
// picture there.
func (c *Chromium) Check(name string) {
	c.t.Helper()
	c.lock.Lock()
	for _, p := range c.problems {
		c.t.Errorf("%s: %s", name, p)
	}
	c.problems = nil
	c.lock.Unlock()
	for _, refused := range Evaluate[[]string](c, `seen.refused`) {
		c.t.Errorf("%s: the policy refused %s", name, refused)
	}
	if moved := Evaluate[float64](c, `seen.moved`); moved > 0.01 {
		c.t.Errorf("%s: the page moved by %.3f after it was drawn", name, moved)
	}
	weight := Evaluate[int](c, `["navigation","resource"].flatMap(k => performance.getEntriesByType(k)).reduce((sum, e) => sum + e.transferSize, 0)`)
	if weight > firstView {
		c.t.Errorf("%s weighs %d bytes", name, weight)
	}
	width := c.width
	c.Size(360, 800)
	if wide := Evaluate[int](c, `document.documentElement.scrollWidth`); wide > 360 {
		c.t.Errorf("%s is %d pixels wide on a phone of 360: %s", name, wide, Evaluate[string](c,
			`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 361).map(e => e.tagName + "." + e.className).join(" ")`))
	}
	for _, width := range []int64{390, 1440} {
		c.whole(width)
		c.violations(fmt.Sprintf("%s at %d", name, width))
	}
	c.shots(name)
	c.Size(width, 900)
}

// whole makes the window as high as the page, to show the part under the sticky
// bar.
func (c *Chromium) whole(width int64) {
	c.t.Helper()
	c.Size(width, 844)
	c.Size(width, int64(min(max(Evaluate[int](c, `document.documentElement.scrollHeight`), 844), 8000)))
}

// violations fails the test for every finding of axe.
func (c *Chromium) violations(name string) {
	c.t.Helper()
	if !Evaluate[bool](c, `!!window.axe`) {
		Evaluate[bool](c, axe+";true")
	}
	found := Evaluate[[]string](c, `axe.run(document, {resultTypes: ["violations"]}).then(r =>
		r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" | ")))`)
	for _, violation := range found {
		c.t.Errorf("%s: %s", name, violation)
	}
}

// shots keeps pictures of the page for people to look at. SHOTS names their
// folder; SHOTS_ALL=1 wants it dark as well.
func (c *Chromium) shots(name string) {
	c.t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		return
	}
	dark := []bool{false}
	if os.Getenv("SHOTS_ALL") != "" {
		dark = append(dark, true)
	}
	for _, width := range []int64{390, 1440} {
		for _, d := range dark {
			c.Dark(d)
			c.whole(width)
			picture, err := run(c, chromedp.CaptureScreenshot())
			if err == nil {
				ending := map[bool]string{true: "-dark"}[d]
				err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d%s.png", url.PathEscape(name), width, ending)), picture, 0o600) //nolint:gosec // a test's own folder
			}
			if err != nil {
				c.t.Error(err)
			}
		}
	}
	c.Dark(false)
}
