package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// backupsPage is the page /backups.
type backupsPage struct {
	page
	Summary string
	Away    []stateTag // the places of copies elsewhere
	Whole   string     // the last copy of the whole database
	Drill   *drilled
	Refused *refusal
	Checked *stateTag // the result of Conferir agora
	Bad     []badCopy
	More    int // damaged copies beyond those shown
	Years   []yearLink
	Copies  []copyLine
	Key     string
}

// copyLine is one copy of a month's backup.
type copyLine struct {
	Month    string // in words
	Number   string
	File     string // with its folder
	Name     string // without it
	State    stateTag
	Rests    bool // the statement rests on it
	Verified string
	Away     *stateTag // the copies elsewhere
	Restore  string    // the address
}

// badCopy is a damaged or lost copy, with the way out.
type badCopy struct {
	Text, Fix string
	Month     books.Month
	Name      string // the month in words
	Reopen    string // address; "": a new copy has to be made first
}

// Copy is where the form for a new copy goes.
func (b badCopy) Copy() string { return monthBackupPath(b.Month) + "/copiar" }

// The addresses of a month's backups.
func monthBackupPath(m books.Month) string {
	return fmt.Sprintf("/backups/%04d/%02d", m.Year, m.Month)
}
func restorePath(m books.Month) string { return monthBackupPath(m) + "/restaurar" }

// The fields of the forms about backups.
const (
	fileField     = "arquivo"
	verifiedField = "conferido" // a run, in the address
)

func (v *visit) backupsPage() error {
	r := v.verifies.find(v.r.URL.Query().Get(verifiedField), books.Month{})
	if r != nil && !r.over() {
		r = nil
	}
	return v.showBackups(http.StatusOK, r, nil)
}

// showBackups lists the copies of one year, below the damaged ones of all. ran is
// the verification just made, nil: none.
func (v *visit) showBackups(status int, ran *run[[]closing.Verified], refused *refusal) error {
	p := backupsPage{page: v.page(v.t("nav backups"), "/backups"), Refused: refused, Key: v.blankForm().Key}
	all, err := v.allMonths()
	if err != nil {
		return err
	}
	var known []store.Backup
	ctx := v.r.Context()
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		if known, err = tx.Backups(ctx, books.Month{}); err == nil {
			p.Away, err = v.elsewhere(ctx, tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.addBad(&p, all, known)
	if p.Drill, err = v.drillState(); err != nil {
		return err
	}
	v.sayVerified(&p, ran)
	v.summarize(&p, known)
	p.Whole = v.wholeCopy()
	if err := v.addCopies(&p, known); err != nil {
		if e := books.AsError(err); e.Kind == books.Internal {
			return err
		}
		p.Refused = cmp.Or(p.Refused, v.refusedAs("place ", err, books.MonthOf(v.Now()), books.CorrelationID(ctx)))
	}
	return v.show(status, "backups.html", p)
}

// sayVerified says what a verification found, in one sentence.
func (v *visit) sayVerified(p *backupsPage, ran *run[[]closing.Verified]) {
	switch {
	case ran == nil:
	case ran.err != nil:
		p.Refused = cmp.Or(p.Refused, v.refusedAs("place ", ran.err, books.MonthOf(v.Now()), ran.ID))
	case len(ran.result) == 0:
		p.Checked = &stateTag{v.t("no copies to verify"), ""}
	default:
		bad := slices.DeleteFunc(slices.Clone(ran.result), func(f closing.Verified) bool { return !isBad(string(f.State)) })
		read, wrong := int64(len(ran.result)), int64(len(bad))
		said := v.some(read, "copies verified")
		if wrong == 0 {
			p.Checked = &stateTag{said + " " + v.t("all verified well"), "ok"}
			return
		}
		said += " " + v.some(wrong, "some verified badly")
		if len(p.Bad) == 0 { // else the line below names it
			said += " " + v.lang.month(bad[0].Month) + ", " + bad[0].File + "."
		}
		p.Checked = &stateTag{said, "fail"}
	}
}

func isBad(state string) bool {
	return state == string(backup.Corrupt) || state == string(backup.Missing)
}

// mostBad is how many damaged copies are explained.
const mostBad = 5

// addBad explains the damaged and lost copies that months rest on.
func (v *visit) addBad(p *backupsPage, all []closing.MonthInfo, known []store.Backup) {
	for _, m := range slices.Backward(all) {
		if !isBad(m.Backup) {
			continue
		}
		var of []store.Backup
		for _, k := range known {
			if k.Month == m.Month {
				of = append(of, k)
			}
		}
		i := slices.IndexFunc(of, func(k store.Backup) bool { return k.State == m.Backup })
		if i < 0 {
			continue
		}
		if len(p.Bad) == mostBad {
			p.More++
			continue
		}
		name := capital(v.lang.month(m.Month))
		b := badCopy{Month: m.Month, Name: v.lang.month(m.Month), Text: v.t("copy "+m.Backup, name, of[i].File), Fix: v.t("copy " + m.Backup + " fix")}
		if of[len(of)-1].State == string(backup.OK) && i < len(of)-1 && m.Revision > 0 && m.State != closing.Held {
			b.Reopen, b.Fix = reopenPath(m.Month), v.t("copy bad new fix")
		}
		p.Bad = append(p.Bad, b)
	}
}

// summarize says how many months have copies, and since when they were not read.
func (v *visit) summarize(p *backupsPage, known []store.Backup) {
	newest := map[books.Month]store.Backup{}
	for _, k := range known { // by copy
		newest[k.Month] = k
	}
	if len(newest) == 0 {
		return
	}
	var oldest books.Instant
	for _, k := range newest {
		if oldest == 0 || k.VerifiedAt < oldest {
			oldest = k.VerifiedAt
		}
	}
	n := int64(len(newest))
	p.Summary = v.some(n, "months with copies") + " " + v.t("copies verified since", v.lately(oldest))
}

// wholeCopy says when the whole database was copied last; "" if never. An
// unreadable place is reported by the list below.
func (v *visit) wholeCopy() string {
	newest, err := v.Closer.Backups.NewestFull(v.r.Context())
	if err != nil || newest.File == "" {
		return ""
	}
	at, err := newest.At()
	if err != nil {
		return ""
	}
	return v.t("whole copy at", v.lately(at))
}

// lately says when something was, as people do: hoje às 14:32.
func (v *visit) lately(at books.Instant) string {
	if when := at.Time().In(v.Store.Zone()); books.DayOf(when) == v.today() {
		return v.t("today at", when.Format("15:04"))
	}
	return v.instant(at)
}

// addCopies lists the copies of the year in the address, or of the newest one.
func (v *visit) addCopies(p *backupsPage, known []store.Backup) error {
	months, err := v.Closer.BackupMonths(v.r.Context(), known)
	if err != nil {
		return err
	}
	slices.Reverse(months)
	asked, shown := v.r.URL.Query().Get(yearField), ""
	for _, m := range months {
		year := strconv.Itoa(m.Year)
		if shown == "" || year == asked {
			shown = year
		}
		if n := len(p.Years); n == 0 || p.Years[n-1].Year != year {
			p.Years = append(p.Years, yearLink{Year: year, Path: "?" + yearField + "=" + year})
		}
	}
	for i := range p.Years {
		p.Years[i].Here = p.Years[i].Year == shown
	}
	for _, m := range months {
		if strconv.Itoa(m.Year) != shown {
			continue
		}
		copies, err := v.Closer.ListBackups(v.r.Context(), m)
		if err != nil {
			return err
		}
		for _, c := range slices.Backward(copies) {
			p.Copies = append(p.Copies, v.copyLine(c))
		}
	}
	return nil
}

// copyStates are the words and classes of a copy's states.
var copyStates = map[string]stateTag{
	"ok": {"copy ok", "ok"}, "stale": {"copy stale", "warn"}, "incomplete": {"copy incomplete", ""}, "legacy": {"copy legacy", ""},
	"corrupt": {"copy state corrupt", "fail"}, "missing": {"copy state missing", "fail"}, "unverified": {"copy unverified", "warn"},
}

func (v *visit) copyLine(c closing.Listed) copyLine {
	of := copyStates[c.State]
	line := copyLine{
		Month: capital(v.lang.month(c.Month)), File: c.File, Name: path.Base(c.File), Rests: c.Statement,
		State: stateTag{v.t(of.Text), of.Class}, Verified: v.t("never"), Away: v.away(c.Places), Restore: restorePath(c.Month) + "?" + fileField + "=" + url.QueryEscape(c.File),
	}
	if c.Copy > 1 {
		line.Number = v.t("copy number", c.Copy)
	}
	var at books.Instant
	if c.VerifiedAt != "" && at.Parse([]byte(c.VerifiedAt)) == nil {
		line.Verified = v.lately(at)
	}
	return line
}

// verifyBackups reads back the copies: all, or the one named by the form.
func (v *visit) verifyBackups() error {
	f := v.form()
	file := f.Value(fileField)
	if file != "" {
		if _, err := backup.ParseFile(file); err != nil {
			return errNoPage
		}
	}
	r := v.verifies.once(&run[[]closing.Verified]{ID: books.NewCorrelationID(), Started: v.Now(), key: f.Key + file}, func(r *run[[]closing.Verified]) ([]closing.Verified, error) {
		ctx, release := v.outlive()
		defer release()
		return v.Closer.VerifyBackupsWatched(ctx, books.Month{}, file, r.counted)
	})
	switch {
	case !ended(v, r):
		return v.to("/backups/conferir/" + r.ID)
	case r.err != nil && books.AsError(r.err).Kind == books.Internal:
		return r.err
	case r.err != nil:
		return v.showBackups(http.StatusUnprocessableEntity, r, nil)
	}
	return v.to("/backups?" + verifiedField + "=" + r.ID)
}

// verifySteps shows a verification in progress.
func (v *visit) verifySteps() error {
	id := v.r.PathValue("run")
	r := v.verifies.find(id, books.Month{})
	if r == nil || r.over() {
		return v.to("/backups?" + verifiedField + "=" + url.QueryEscape(id))
	}
	p := v.progress(v.t("verifying copies"), "/backups", id, link{"/backups", v.t("see copies")})
	done, of := r.parts()
	p.Stages = []stage{
		{Name: v.t("finding copies"), Done: of > 0, Now: of == 0},
		{Name: v.t("reading copies", done, of), Now: of > 0},
		{Name: v.t("stage finished")},
	}
	return v.showSteps(p, r.Started, v.t("verifying text"))
}

// copyMonth makes another copy of a month: of a closed one from its statement.
func (v *visit) copyMonth() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	ctx, release := v.outlive()
	defer release()
	made, err := v.Closer.CreateBackup(ctx, month, v.who.By)
	if e := books.AsError(err); e != nil && e.Kind != books.Internal {
		return v.showBackups(http.StatusUnprocessableEntity, nil, v.refusedAs("copy ", err, month, books.CorrelationID(ctx)))
	}
	if err != nil {
		return err
	}
	said := "copy made"
	if made.Reused {
		said = "copy there already"
	}
	v.say(flash{Text: v.t(said, capital(v.lang.month(month)), made.File)})
	return v.to("/backups")
}

// entryOf returns the entry of the chain with a correlation id, or the zero
// entry if there is none among the month's newest.
func (v *visit) entryOf(ctx context.Context, month books.Month, id string) (found books.ChainEntry, err error) {
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.EntriesBefore(ctx, month, 0, 50)
		for _, e := range entries {
			if e.CorrelationID == id {
				found = e
			}
		}
		return err
	})
	return found, err
}
