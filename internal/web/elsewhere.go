package web

import (
	"context"
	"strings"

	"extrato/internal/places"
	"extrato/internal/store"
)

// copyWords are the words for the states of a copy in another place.
var copyWords = map[string]string{
	places.Pending: "away pending", places.Hidden: "away hidden", places.Missing: "away missing", places.Corrupt: "away corrupt",
}

// elsewhere says of each place of EXTRATO_BACKUPS_COPY how its copies are.
func (v *visit) elsewhere(ctx context.Context, tx *store.Tx) ([]stateTag, error) {
	all, err := v.Closer.Places.Overviews(ctx, tx)
	var lines []stateTag
	for _, o := range all {
		line := stateTag{v.t("away all", o.Place, v.some(int64(o.Proved()), "files count")), ""}
		waiting := int64(o.Counts[places.Pending])
		switch {
		case o.Bad() > 0:
			line = stateTag{v.t("away bad", o.Place, v.some(int64(o.Bad()), "files count"), o.Example.Object, v.t(copyWords[o.Example.State])), "fail"}
		case waiting > 0 && v.Now().Sub(o.Since.Time()) >= places.Late:
			line = stateTag{v.t("away late", o.Place, v.some(waiting, "files count"), v.instant(o.Since)), "warn"}
		case waiting > 0 || o.Proved() == 0:
			line = stateTag{v.t("away some", o.Place, v.some(int64(o.Proved()), "files count"), waiting), ""}
		}
		lines = append(lines, line)
	}
	return lines, err
}

// away says in how many places a backup is proved; nil without other places.
func (v *visit) away(states []places.State) *stateTag {
	if len(states) == 0 {
		return nil
	}
	proved, class := 0, ""
	var others []string
	for _, s := range states {
		switch {
		case places.Proved(s.State):
			proved++
			continue
		case places.Bad(s.State):
			class = "fail"
		}
		others = append(others, v.t("away in", v.t(copyWords[s.State]), s.Place))
	}
	all := append([]string{v.t("away proved", proved, len(states))}, others...)
	return &stateTag{strings.Join(all, "; ") + ".", class}
}
