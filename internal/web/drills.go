package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// drilled is what drills say, in one sentence: backups restored into a scratch
// database.
type drilled struct {
	stateTag
	Details []string // of findings, in the program's own words
	Can     bool     // there is a backup to restore
}

// drillState says what the drills found by now.
func (v *visit) drillState() (*drilled, error) {
	ctx := v.r.Context()
	var c store.DrillCondition
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.DrillCondition(ctx, v.Closer.DrillPlaces())
		return err
	})
	if err != nil {
		return nil, err
	}
	d := &drilled{Can: c.Since != 0}
	for _, f := range c.Findings() {
		d.Details = append(d.Details, f.Month.String()+" · "+f.File+" · "+f.Place+": "+f.Reason)
	}
	wrong, failed := c.Months(store.DrillDifferent), c.Months(store.DrillFailed)
	switch {
	case !d.Can:
		return d, nil
	case len(wrong) > 0:
		d.stateTag = stateTag{v.t("drill different", v.monthsNamed(wrong)), "fail"}
		if away := wrongAway(c, v.Closer.DrillPlaces()[0]); away != "" {
			d.Text = v.t("drill different away", away, v.monthsNamed(wrong))
		}
	case len(failed) > 0:
		d.stateTag = stateTag{v.t("drill failed", v.monthsNamed(failed)), "warn"}
	case len(c.Drills) == 0:
		d.stateTag = stateTag{v.t("drill none"), ""}
	case c.Old(v.Now()):
		d.stateTag = stateTag{v.t("drill old", v.instant(c.Since)), "warn"}
	default:
		d.stateTag = stateTag{v.t("drill equal", v.monthsNamed(newestDrilled(c)), v.lately(c.Since)), "ok"}
		if len(v.Closer.DrillPlaces()) > 1 {
			d.Text += " " + v.t("drill read at", c.Drills[0].Place)
		}
	}
	return d, nil
}

// wrongAway returns the place of the differences, if they are in one place and
// that is not the folder of the backups; else "".
func wrongAway(c store.DrillCondition, local string) (place string) {
	for _, d := range c.Drills {
		if d.Result == store.DrillDifferent && (d.Place == local || place != "" && place != d.Place) {
			return ""
		}
		if d.Result == store.DrillDifferent {
			place = d.Place
		}
	}
	return place
}

// newestDrilled returns the months of the last drills made together, such as
// those of one press.
func newestDrilled(c store.DrillCondition) (months []books.Month) {
	for _, d := range c.Drills {
		if c.Since.Time().Sub(d.At.Time()) < time.Hour && !slices.Contains(months, d.Month) {
			months = append(months, d.Month)
		}
	}
	return months
}

// drillNow restores backups into a scratch database: the newest statement's, an
// older one's, and those with a finding.
func (v *visit) drillNow() error {
	f := v.form()
	r := v.drills.once(&run[[]closing.Drilled]{ID: books.NewCorrelationID(), Started: v.Now(), key: f.Key}, func(r *run[[]closing.Drilled]) ([]closing.Drilled, error) {
		ctx, release := v.outlive()
		defer release()
		return v.Closer.DrillAll(ctx, r.counted)
	})
	switch {
	case !ended(v, r):
		return v.to("/backups/testar/" + r.ID)
	case r.err != nil:
		return v.drillFailed(r, http.StatusUnprocessableEntity)
	}
	return v.to("/backups")
}

// drillFailed explains why no drill could be made.
func (v *visit) drillFailed(r *run[[]closing.Drilled], status int) error {
	if books.AsError(r.err).Kind == books.Internal {
		return r.err
	}
	return v.showBackups(status, nil, v.refused(r.err, books.MonthOf(v.Now()), r.ID))
}

// drillSteps shows a drill in progress.
func (v *visit) drillSteps() error {
	id := v.r.PathValue("run")
	r := v.drills.find(id, books.Month{})
	switch {
	case r == nil, r.over() && r.err == nil:
		return v.to("/backups")
	case r.over():
		return v.drillFailed(r, http.StatusOK)
	}
	p := v.progress(v.t("drilling"), "/backups", id, link{"/backups", v.t("see copies")})
	done, of := r.parts()
	p.Stages = []stage{{Name: v.t("restoring backups", done, of), Now: true}, {Name: v.t("stage finished")}}
	return v.showSteps(p, r.Started, v.t("drilling text"))
}

// addDrill adds to the proof of a statement what the drills of its backup say.
func (v *visit) addDrill(p *proof, last books.ChainEntry, whole bool) error {
	if !whole || last.Seq == 0 {
		return nil
	}
	d, err := v.drillOf(v.r.Context(), last)
	switch {
	case err != nil || d.Result == "":
	case d.Result == store.DrillEqual:
		p.Sentence += " " + v.t("drill proof", v.lately(d.At))
	case p.Now == nil:
		p.Now = &stateTag{v.t("drill proof " + d.Result), map[string]string{store.DrillDifferent: "fail", store.DrillFailed: "warn"}[d.Result]}
	}
	return err
}

// drillOf returns the last drills of the statement with this entry: what one
// found, or when the last one was right; the zero Drill if there was none.
func (v *visit) drillOf(ctx context.Context, last books.ChainEntry) (d store.Drill, err error) {
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Drills(ctx, last.Month)
		all = slices.DeleteFunc(all, func(d store.Drill) bool { return !d.Counts(last) || !slices.Contains(v.Closer.DrillPlaces(), d.Place) })
		i := slices.IndexFunc(all, func(d store.Drill) bool { return d.Result != store.DrillEqual })
		if len(all) > 0 {
			d = all[max(i, 0)]
		}
		return err
	})
	return d, err
}
