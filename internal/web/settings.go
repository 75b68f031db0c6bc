package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"extrato/internal/doctor"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// settingsPage is the page /ajustes.
type settingsPage struct {
	page
	Studio  *form
	Method  *form
	Methods []string // known ones
	Terms   []termLine
	Used    []string // the categories of expenses
	Set     []settingLine
	Version string
}

// termLine is the cost of a payment method from a day on.
type termLine struct {
	Method, Fee, Days, From string
	Change                  string // address of the form filled with it
	Tag                     string // words: since when, if not now
}

// settingLine is a setting of the environment, read only.
type settingLine struct {
	Name, Text, Value, Source, Problem string
	Class                              string
}

// Categories lists them in one line.
func (p settingsPage) Categories() string { return strings.Join(p.Used, " · ") }

// CanSpend reports whether there is a page with the categories of expenses.
func (p settingsPage) CanSpend() bool { return p.v.mayGo("/gastos") }

// The fields of the forms.
const (
	methodTermField, feeField, daysField, sinceField = "forma", "taxa", "dias", "vale"
	longestDays                                      = 365 // until the money of a payment comes
)

// days returns a number of days, 0 if the field is blank.
func (f *form) days(name string) int {
	text := strings.TrimSpace(f.Value(name))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > longestDays {
		f.fault(name, f.v.t("not days", longestDays))
	}
	return n
}

func (v *visit) settingsPage() error {
	method := v.blankForm(methodTermField, v.r.URL.Query().Get(methodTermField), sinceField, v.today().String())
	if method.Value(methodTermField) != "" {
		method.Begin(feeField)
	}
	return v.showSettings(http.StatusOK, nil, method)
}

// showSettings shows all settings; studio nil: the studio's form as stored.
func (v *visit) showSettings(status int, studio, method *form) error {
	p := settingsPage{page: v.page(v.t("nav settings"), settingsPath), Studio: studio, Method: method.On("forma-"), Version: v.Version}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		name, err := v.Recording.StudioName(ctx, tx)
		if err != nil {
			return err
		}
		if p.Studio == nil {
			p.Studio = v.blankForm("estudio", name)
		}
		terms, err := tx.MethodTerms(ctx)
		if err != nil {
			return err
		}
		p.Terms = v.termLines(terms)
		if p.Used, err = v.Recording.AllCategories(ctx, tx); err != nil {
			return err
		}
		v.fillTerm(method, terms)
		now, err := v.methodTerms(ctx, tx)
		p.Methods = methodsOf(now)
		return err
	})
	if err != nil {
		return err
	}
	if v.Settings != nil {
		for _, s := range v.Settings() {
			p.Set = append(p.Set, v.settingLine(s))
		}
	}
	return v.show(status, "settings.html", p)
}

// termLines lists the terms of all methods: of each the present ones and those to
// come, or the last ones.
func (v *visit) termLines(terms []store.MethodTerms) (all []termLine) {
	present := map[string]bool{}
	for _, m := range terms { // of a method the newest first
		if present[m.Method] {
			continue
		}
		line := termLine{Method: m.Method, Fee: v.percent(m.Percent) + " %", Days: v.some(int64(m.Days), "days until money"), From: m.From.People(),
			Change: settingsPath + "?" + methodTermField + "=" + url.QueryEscape(m.Method) + "#formas"}
		if m.From > v.today() {
			line.Tag = v.t("to come")
		} else {
			present[m.Method] = true
		}
		all = append(all, line)
	}
	return all
}

// fillTerm fills the form of a method in with its present terms.
func (v *visit) fillTerm(f *form, terms []store.MethodTerms) {
	if f.Has(feeField) {
		return
	}
	for _, m := range terms {
		if m.Method == f.Value(methodTermField) && m.From <= v.today() {
			f.Values.Set(feeField, v.percent(m.Percent))
			f.Values.Set(daysField, strconv.Itoa(m.Days))
			return
		}
	}
}

// settingSources are the words for the sources of settings.
var settingSources = map[string]string{"default": "source default", "environment": "source environment", ".env": "source file", "flag": "source flag", "service": "source default"}

func (v *visit) settingLine(s doctor.Setting) settingLine {
	line := settingLine{Name: s.Name, Text: v.t("setting " + s.Name), Value: s.Value, Problem: s.Problem, Source: s.Source}
	switch {
	case s.Secret:
		line.Value = v.t("set not shown")
	case s.Value == "true" || s.Value == "false":
		line.Value = v.t("setting " + s.Value)
	case s.Unset:
		line.Value, line.Class = v.t("not set"), "soft"
	}
	if name, known := settingSources[s.Source]; known {
		line.Source = v.t(name)
	}
	return line
}

// saveStudio changes the studio's name.
func (v *visit) saveStudio() error {
	f := v.form()
	set := v.nameStudio(f)
	if !f.OK() {
		return v.showSettings(http.StatusUnprocessableEntity, f, v.blankForm(sinceField, v.today().String()))
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		return done{To: settingsPath, Flash: flash{Text: v.t("studio named", strings.TrimSpace(f.Value("estudio")))}, What: f.Value("estudio")}, set(ctx, tx)
	})
	if f.asks(err) {
		return v.showSettings(http.StatusUnprocessableEntity, f, v.blankForm(sinceField, v.today().String()))
	}
	return err
}

// saveMethod sets the cost of a payment method from a day on.
func (v *visit) saveMethod() error {
	f := v.form()
	m := store.MethodTerms{Method: f.required(methodTermField, recording.MaxMethod), Percent: f.percent(feeField), Days: f.days(daysField), From: f.day(sinceField)}
	if !f.OK() {
		return v.showSettings(http.StatusUnprocessableEntity, nil, f)
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		said := v.t("method saved", m.Method, v.percent(m.Percent), m.Days, m.From.People())
		return done{To: settingsPath, Flash: flash{Text: said}, What: m.Method}, v.Recording.SetMethodTerms(ctx, tx, m)
	})
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, faults{"invalid_date": sinceField}); err != nil || f.OK() {
		return err
	}
	return v.showSettings(http.StatusUnprocessableEntity, nil, f)
}
