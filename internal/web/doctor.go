package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/doctor"
)

// look is a report of doctor's, with its time.
type look struct {
	doctor.Report
	At   time.Time
	Took time.Duration
}

// lookValid is how long a report is shown again.
const lookValid = time.Hour

// doctorPage is the page /diagnostico.
type doctorPage struct {
	page
	Summary string
	Key     string
	Lines   []doctorLine
}

// doctorLine is one check, in words.
type doctorLine struct {
	Tag             stateTag
	Name, Text, Fix string
	Mend, Button    string // the act and its words; "": a person mends it
	Link            *link
}

// look runs doctor, unless this process is at it already.
func (w *Web) look(ctx context.Context, key string) *run[doctor.Report] {
	return w.looks.begin(&run[doctor.Report]{ID: books.NewCorrelationID(), Started: w.Now(), key: key}, func(r *run[doctor.Report]) (doctor.Report, error) {
		report := w.Doctor(ctx)
		if ctx.Err() == nil {
			w.looked.Store(&look{report, w.Now(), w.Now().Sub(r.Started)})
		}
		return report, ctx.Err()
	})
}

// Diagnosis returns doctor's last report and its time, or a new one if that is too
// old or fresh is true.
func (w *Web) Diagnosis(ctx context.Context, fresh bool) (doctor.Report, time.Time, error) {
	if l := w.looked.Load(); !fresh && l != nil && w.Now().Sub(l.At) <= lookValid {
		return l.Report, l.At, nil
	}
	working := w.Working
	if working == nil {
		working = context.WithoutCancel(ctx)
	}
	r := w.look(working, "")
	select {
	case <-r.done:
	case <-ctx.Done():
		return doctor.Report{}, time.Time{}, ctx.Err()
	}
	if r.err != nil {
		return doctor.Report{}, time.Time{}, r.err
	}
	return r.result, w.looked.Load().At, nil
}

// KeepLooking runs doctor after a while and then from time to time, until ctx
// ends: its failures show on every page of an admin.
func (w *Web) KeepLooking(ctx context.Context, first, every time.Duration) {
	for wait := first; ; wait = every {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			w.look(ctx, "")
		}
	}
}

// doctorPage shows the last report. A report too old, or none, is replaced first:
// doctor changes nothing.
func (v *visit) doctorPage() error {
	if v.Doctor == nil {
		return errNoPage
	}
	if l := v.looked.Load(); l == nil || v.Now().Sub(l.At) > lookValid {
		return v.lookNow()
	}
	return v.showDoctor()
}

// lookNow runs doctor for the visitor.
func (v *visit) lookNow() error {
	ctx, release := v.outlive()
	r := v.look(ctx, "")
	go func() { <-r.done; release() }()
	switch {
	case !ended(v, r):
		return v.to("/diagnostico/olhando")
	case r.err != nil:
		return r.err
	case v.r.Method == http.MethodPost:
		return v.to("/diagnostico")
	}
	return v.showDoctor()
}

// lookAgain runs doctor anew.
func (v *visit) lookAgain() error {
	if v.Doctor == nil {
		return errNoPage
	}
	return v.lookNow()
}

// lookSteps shows doctor at work.
func (v *visit) lookSteps() error {
	all := v.looks.running()
	if len(all) == 0 {
		return v.to("/diagnostico")
	}
	p := v.progress(v.t("nav doctor"), "/diagnostico", all[0].ID, link{"/diagnostico", v.t("see doctor")})
	p.Stages = []stage{{Name: v.t("looking"), Now: true}, {Name: v.t("stage finished")}}
	return v.showSteps(p, all[0].Started, v.t("looking text"))
}

func (v *visit) showDoctor() error {
	l := v.looked.Load()
	p := doctorPage{page: v.page(v.t("nav doctor"), "/diagnostico"), Key: v.blankForm().Key}
	count := map[doctor.State]int64{}
	for _, state := range []doctor.State{doctor.Fail, doctor.Warn, doctor.OK} {
		for _, c := range l.Checks {
			if c.State != state || c.Code == "setting" || c.Code == "setting_noted" { // Ajustes has these
				continue
			}
			count[state]++
			p.Lines = append(p.Lines, v.doctorLine(c))
		}
	}
	p.Summary = v.t("doctor text", v.some(count[doctor.Fail], "fails count"), v.some(count[doctor.Warn], "warns count"), v.some(count[doctor.OK], "fine count")) +
		" " + v.t("doctor looked", v.lately(books.InstantOf(l.At)), v.took(l.Took))
	return v.show(http.StatusOK, "doctor.html", p)
}

func (v *visit) doctorLine(c doctor.Check) doctorLine {
	line := doctorLine{Tag: stateTag{v.t("doctor " + string(c.State)), string(c.State)}, Name: c.Name, Text: c.Message, Fix: c.Fix, Link: v.doctorLink(c)}
	if v.lang.has("doctor name " + c.Name) {
		line.Name = v.t("doctor name " + c.Name)
	}
	line.Name = strings.TrimPrefix(line.Name, "setting ")
	if v.lang.has("doctor " + c.Code) {
		line.Text = v.saidOf("doctor "+c.Code, c.Values)
		if c.Fix != "" {
			line.Fix = v.saidOf("doctor "+c.Code+" fix", c.Values)
		}
	}
	if c.Mend != "" && v.Mends[c.Mend] != nil {
		line.Mend, line.Button = c.Mend, v.t("mend "+c.Mend)
	}
	return line
}

// saidOf returns words with doctor's values in their places, months and times as
// people say them.
func (v *visit) saidOf(name string, values []any) string {
	said := slices.Clone(values)
	for i, value := range said {
		switch of := value.(type) {
		case doctor.Months:
			said[i] = v.monthsNamed(of)
		case doctor.Moment:
			said[i] = time.Time(of).Format(v.t("moment format"))
		case books.Month:
			said[i] = v.lang.month(of)
			if strings.HasPrefix(v.t(name), "%") {
				said[i] = capital(v.lang.month(of))
			}
		case books.Day:
			said[i] = of.People()
		}
	}
	if words := v.t(name); !strings.Contains(words, "%") {
		return words
	}
	return v.t(name, said...)
}

// mostNamed is how many months of a list are named.
const mostNamed = 6

func (v *visit) monthsNamed(all []books.Month) string {
	var names []string
	for _, m := range all[:min(len(all), mostNamed)] {
		names = append(names, v.lang.month(m))
	}
	said := strings.Join(names, ", ")
	if more := len(all) - mostNamed; more > 0 {
		said = v.t("and others", said, more)
	}
	return said
}

// doctorLink leads to the page for mending a finding.
func (v *visit) doctorLink(c doctor.Check) *link {
	if c.State == doctor.OK {
		return nil
	}
	if len(c.Values) > 0 {
		month, _ := c.Values[0].(books.Month)
		if all, ok := c.Values[0].(doctor.Months); ok && len(all) > 0 {
			month = all[0]
		}
		switch c.Code {
		case "months_due", "months_held", "months_old", "late_rows", "last_held", "last_overdue":
			return &link{closePath(month), v.t("see month", v.name(month))}
		case "months_later":
			return &link{historyPath(month), v.t("see month", v.name(month))}
		}
	}
	switch c.Code {
	case "backups_bad", "folder_empty", "drill_wrong", "drill_failed", "drill_old":
		return &link{"/backups", v.t("see copies")}
	case "chain_wrong", "guards_gone":
		return &link{"/registro", v.t("see chain")}
	case "tokens_ending", "v4_token":
		return &link{"/acesso", v.t("nav access")}
	}
	return nil
}

// mendField names the act in the form.
const mendField = "ato"

// mendNow does one of doctor's acts, and looks again.
func (v *visit) mendNow() error {
	if v.Doctor == nil {
		return errNoPage
	}
	ctx, release := v.outlive()
	defer release()
	act := v.r.PostFormValue(mendField)
	err := v.mend(ctx, act)
	if err == errNoPage { //nolint:errorlint // it is returned as it is
		return err
	}
	said := flash{Text: v.t("mended")}
	if err != nil {
		v.Log.Error("not mended", "act", act, "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		said = flash{Text: v.t("not mended"), Warn: true}
	}
	v.say(said)
	return v.lookNow()
}

// mend does one of the acts.
func (v *visit) mend(ctx context.Context, act string) error {
	do := v.Mends[act]
	if do == nil {
		return errNoPage
	}
	return do(ctx, v.who.By)
}
