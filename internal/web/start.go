package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// stepsSetting keeps which of the first steps are done or skipped, in a row.
const stepsSetting = "first_steps"

// step is one of the first steps.
type step struct {
	Name          string // in the address: /comecar?passo=NAME
	Done, Skipped bool
	Now           bool   // it is open
	Told          string // the entered values, in a sentence
}

// Title and Text are words about the step: "step NAME", "step NAME text".
func (s step) Title() string { return "step " + s.Name }
func (s step) Text() string  { return "step " + s.Name + " text" }

// Asks reports whether there is something to fill in.
func (s step) Asks() bool { return s.Name != "v4" && s.Name != "backups" }

// stepNames are the first steps, in order.
var stepNames = []string{"estudio", "artista", "formas", "v4", "backups"}

type steps []step

// Left returns how many steps nobody has done or skipped.
func (s steps) Left() (n int) {
	for _, one := range s {
		if !one.Done && !one.Skipped {
			n++
		}
	}
	return n
}

// steps reads the progress of the first steps; nil for visitors without them,
// and once the studio records.
func (v *visit) steps() (all steps, err error) {
	if v.who == nil || !v.who.May(auth.Manage) {
		return nil, nil
	}
	ctx := v.r.Context()
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		some, err := tx.HasRows(ctx)
		if err == nil && !some {
			all, err = v.readSteps(ctx, tx)
		}
		return err
	})
	return all, err
}

func (v *visit) readSteps(ctx context.Context, tx *store.Tx) (steps, error) {
	kept, err := tx.Setting(ctx, stepsSetting)
	if err != nil {
		return nil, err
	}
	name, err := v.Recording.StudioName(ctx, tx)
	if err != nil {
		return nil, err
	}
	artists, err := v.artists(ctx, tx)
	if err != nil {
		return nil, err
	}
	terms, err := v.methodTerms(ctx, tx)
	if err != nil {
		return nil, err
	}
	told := map[string]string{"estudio": name, "artista": v.toldArtists(artists), "formas": v.toldTerms(terms)}
	var all steps
	for _, n := range stepNames {
		s := step{Name: n, Told: told[n], Skipped: slices.Contains(strings.Fields(kept), n+":skipped")}
		s.Done = s.Told != "" || slices.Contains(strings.Fields(kept), n+":done")
		all = append(all, s)
	}
	return all, nil
}

// stepsLeft is the line about the remaining first steps.
func (v *visit) stepsLeft(here string) *waits {
	all, err := v.steps()
	if err != nil || all.Left() == 0 || here == "/comecar" {
		return nil // the page itself is about them
	}
	text, err := v.lang.count(all.Left(), "steps left")
	if err != nil {
		return nil
	}
	return &waits{Class: "warn", Text: text, Link: link{"/comecar", v.t("go on")}}
}

// artist is a person among the artists.
type artist struct {
	store.User
	Percent books.Percent
}

// artists returns the active artists, by name.
func (v *visit) artists(ctx context.Context, tx *store.Tx) ([]artist, error) {
	users, err := tx.Users(ctx)
	if err != nil {
		return nil, err
	}
	percents, err := tx.ArtistPercents(ctx, v.today())
	if err != nil {
		return nil, err
	}
	var all []artist
	for _, u := range users {
		if u.Active && (auth.Role(u.Role) == auth.Artist || u.Tattoos) {
			all = append(all, artist{u, percents[u.ID]})
		}
	}
	slices.SortFunc(all, func(a, b artist) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return all, nil
}

func (v *visit) toldArtists(all []artist) string {
	var told []string
	for _, a := range all {
		if a.Percent == 0 {
			told = append(told, v.t("artist without", a.Name))
			continue
		}
		told = append(told, v.t("artist with", a.Name, v.percent(a.Percent)))
	}
	if len(told) > 3 {
		told = append(told[:3], "…")
	}
	return strings.Join(told, "; ")
}

func (v *visit) toldTerms(terms map[string]store.MethodTerms) string {
	var told []string
	for _, m := range methodsOf(terms) {
		if t, ok := terms[m]; ok {
			told = append(told, v.t("method terms", m, v.percent(t.Percent), t.Days))
		}
	}
	return strings.Join(told, "; ")
}

// methodTerms returns today's terms of the methods with any.
func (v *visit) methodTerms(ctx context.Context, tx *store.Tx) (map[string]store.MethodTerms, error) {
	list, err := tx.MethodTerms(ctx)
	terms := map[string]store.MethodTerms{}
	for _, m := range list { // the newest first
		if _, newer := terms[m.Method]; !newer && m.From <= v.today() {
			terms[m.Method] = m
		}
	}
	return terms, err
}

// methodsOf lists the methods offered, and others with terms.
func methodsOf(terms map[string]store.MethodTerms) []string {
	all := recording.Methods()
	var others []string
	for m := range terms {
		if !slices.Contains(all, m) {
			others = append(others, m)
		}
	}
	slices.Sort(others)
	return append(all, others...)
}

// percent writes a percentage as people do: 60 or 3,49.
func (v *visit) percent(p books.Percent) string {
	text := strings.TrimSuffix(strings.TrimRight(p.String(), "0"), ".")
	if v.lang == portuguese {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

func (v *visit) today() books.Day { return books.DayOf(v.Now()) }

// startPage is the page /comecar.
type startPage struct {
	page
	Steps   steps
	Form    *form
	Methods []methodRow
	Place   *Place
}

// methodRow is a line of the step about methods.
type methodRow struct {
	Index int
	Form  *form
}

// Field returns a field of the line; its name ends with the line's number.
func (m methodRow) Field(name, kind string) (field, error) {
	label, err := m.Form.v.lang.text("field " + name)
	full := name + strconv.Itoa(m.Index)
	d := field{ID: full, Name: full, Label: label, Type: kind, Value: m.Form.Value(full), Error: m.Form.Error(full), Focus: m.Form.Focus(full)}
	return d, err
}

func (v *visit) startPage() error { return v.showStart(http.StatusOK, v.r.FormValue("passo"), nil) }

// showStart shows the first steps with one of them open: the requested one, or
// the first one left.
func (v *visit) showStart(status int, open string, f *form) error {
	p := startPage{page: v.page(v.t("first steps"), "/comecar"), Form: f}
	var known []string
	err := v.Store.Read(v.r.Context(), func(tx *store.Tx) error {
		var err error
		if p.Steps, err = v.readSteps(v.r.Context(), tx); err != nil {
			return err
		}
		known, err = v.knownStart(v.r.Context(), tx)
		return err
	})
	if err != nil {
		return err
	}
	if !slices.Contains(stepNames, open) {
		open = ""
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if open == "" && !s.Done && !s.Skipped {
			open = s.Name
		}
		s.Now = s.Name == open
	}
	if p.Form == nil {
		p.Form = v.blankForm(known...).Begin(map[string]string{"estudio": "estudio", "artista": "nome", "formas": "taxa1"}[open])
	}
	for i := 1; p.Form.Has("forma" + strconv.Itoa(i)); i++ {
		p.Methods = append(p.Methods, methodRow{i, p.Form})
	}
	if open == "backups" && v.Backups != nil {
		place := v.Backups(v.r.Context())
		p.Place = &place
	}
	return v.show(status, "start.html", p)
}

// knownStart returns the initial values of the first steps' forms.
func (v *visit) knownStart(ctx context.Context, tx *store.Tx) ([]string, error) {
	name, err := v.Recording.StudioName(ctx, tx)
	if err != nil {
		return nil, err
	}
	terms, err := v.methodTerms(ctx, tx)
	if err != nil {
		return nil, err
	}
	known := []string{"estudio", name}
	for i, m := range append(methodsOf(terms), "") {
		n := strconv.Itoa(i + 1)
		known = append(known, "forma"+n, m, "taxa"+n, "", "dias"+n, "")
		if t, ok := terms[m]; ok {
			known = append(known, "taxa"+n, v.percent(t.Percent), "dias"+n, strconv.Itoa(t.Days))
		}
	}
	return known, nil
}

// start does or skips one of the first steps.
func (v *visit) start() error {
	f := v.form()
	name := f.Value("passo")
	if !slices.Contains(stepNames, name) {
		return errNoPage
	}
	state := ":done"
	do := func(context.Context, *store.Tx) error { return nil }
	if f.Has("pular") {
		state = ":skipped"
	} else if act := map[string]func(*form) func(context.Context, *store.Tx) error{
		"estudio": v.nameStudio, "artista": v.firstArtist, "formas": v.setMethods,
	}[name]; act != nil {
		do = act(f)
	}
	if !f.OK() {
		return v.showStart(http.StatusUnprocessableEntity, name, f)
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := do(ctx, tx); err != nil {
			return done{}, err
		}
		kept, err := tx.Setting(ctx, stepsSetting)
		if err != nil {
			return done{}, err
		}
		words := slices.DeleteFunc(strings.Fields(kept), func(w string) bool { return strings.HasPrefix(w, name+":") })
		return done{To: "/comecar", What: v.t("step " + name)}, tx.SetSetting(ctx, stepsSetting, strings.Join(append(words, name+state), " "))
	})
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, faults{"email_taken": "nome"}); err != nil || f.OK() {
		return err
	}
	return v.showStart(http.StatusUnprocessableEntity, name, f)
}

func (v *visit) nameStudio(f *form) func(context.Context, *store.Tx) error {
	name := f.required("estudio", recording.MaxStudio)
	return func(ctx context.Context, tx *store.Tx) error { return v.Recording.SetStudioName(ctx, tx, name) }
}

// ever is the first day of the books.
const ever books.Day = 20000101

// firstArtist writes down an artist with a default percent. Também tatua makes
// the owner one as well; without another name the percent is the owner's.
func (v *visit) firstArtist(f *form) func(context.Context, *store.Tx) error {
	name, percent, also := f.text("nome", longestName), f.percent("percentual"), f.Has("tatua")
	if name == "" && !also {
		f.fault("nome", v.t("missing artist"))
	}
	own := also && (name == "" || strings.EqualFold(name, v.who.Name))
	return func(ctx context.Context, tx *store.Tx) error {
		if also {
			if err := v.Recording.SetTattoos(ctx, tx, v.who.UserID, true); err != nil {
				return err
			}
		}
		id := v.who.UserID
		if !own {
			added, err := v.Recording.AddArtist(ctx, tx, v.who.By, recording.Artist{Name: name, Active: true})
			if err != nil {
				return err
			}
			id = added.ID
		}
		return v.Recording.SetArtistPercent(ctx, tx, id, ever, percent) // payments of before come in too
	}
}

// setMethods keeps the terms of the methods; a line without fee and days has none.
func (v *visit) setMethods(f *form) func(context.Context, *store.Tx) error {
	var all []store.MethodTerms
	for i := 1; f.Has("forma"+strconv.Itoa(i)) && i <= 30; i++ {
		n := strconv.Itoa(i)
		m := store.MethodTerms{Method: f.text("forma"+n, recording.MaxMethod), From: v.today(), Percent: f.percent("taxa" + n)}
		m.Days = f.days("dias" + n)
		said := strings.TrimSpace(f.Value("taxa"+n)+f.Value("dias"+n)) != ""
		switch {
		case m.Method == "" && said:
			f.fault("forma"+n, v.t("missing field"))
		case m.Method != "" && (said || !slices.Contains(recording.Methods(), m.Method)):
			all = append(all, m)
		}
	}
	return func(ctx context.Context, tx *store.Tx) error {
		for _, m := range all {
			if err := v.Recording.SetMethodTerms(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	}
}

// CanPay reports whether there is a page to record a payment on.
func (p startPage) CanPay() bool { return p.v.mayGo("/caixa") }
