package web

import (
	"net/http"
	"time"
)

// stepsPage shows long work in progress: it asks again by itself until the work
// is over.
type stepsPage struct {
	page
	Run         string
	Text        string
	Stages      []stage
	Back        link
	Unknown     bool // another process has it, or it was cut off
	UnknownText string
}

// stage is one of the steps, in words.
type stage struct {
	Name              string
	Done, Now, Failed bool
}

// progress returns the page of a run, without its stages.
func (v *visit) progress(title, here, run string, back link) stepsPage {
	p := stepsPage{page: v.page(title, here), Run: run, Back: back}
	p.Refresh = 2
	return p
}

// showSteps shows a run in progress.
func (v *visit) showSteps(p stepsPage, started time.Time, text string) error {
	p.Text = v.t("run started", started.In(v.Store.Zone()).Format(time.TimeOnly)) + " " + text
	return v.show(http.StatusOK, "steps.html", p)
}
