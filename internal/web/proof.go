package web

import (
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// proof says in one sentence why a statement can be trusted, with the data to
// check it.
type proof struct {
	Sentence string
	Now      *stateTag // of the backup, if something is wrong with it by now
	Away     *stateTag // the backup's copies elsewhere
	Pairs    []link    // names and values; Path is shown in mono
}

// proofOf returns the proof of a statement from its entry of the chain. backup
// is the result of the last verification; whole is false for an artist, whose
// page has none of the studio's numbers.
func (v *visit) proofOf(last books.ChainEntry, backup string, whole bool) *proof {
	p := &proof{}
	at, payments := v.instant(last.At), v.some(last.Counts.Payments, "payments count")
	switch {
	case last.Seq == 0:
		p.Sentence = v.t("proof unrecorded")
	case last.Action == books.Adopted:
		p.Sentence = v.t("proof of v4", at)
	case !whole && last.BackupFile != "":
		p.Sentence = v.t("proof short", at)
	case last.BackupFile == "":
		p.Sentence = v.t("proof without backup", at, payments)
	default:
		p.Sentence = v.t("proof", at, payments)
	}
	switch {
	case last.BackupFile == "" || last.Seq == 0:
	case backup == "corrupt" || backup == "missing":
		p.Now = &stateTag{v.t("backup " + backup), "fail"}
	case backup == "stale":
		p.Now = &stateTag{v.t("backup unchecked"), "warn"}
	}
	if !whole || last.Seq == 0 {
		return p
	}
	add := func(name, value string) {
		if value != "" {
			p.Pairs = append(p.Pairs, link{Text: name, Path: value})
		}
	}
	add(v.t("proof chain"), v.t("proof chain number", last.Seq))
	add(v.t("proof by"), v.actor(last.By))
	if last.Fingerprint != (books.Fingerprint{}) {
		add(v.t("proof fingerprint"), last.Fingerprint.String())
	}
	add(v.t("proof file"), last.BackupFile)
	add("SHA-256", last.BackupSHA256)
	add(v.t("proof hash"), last.Hash.String())
	add(v.t("proof correlation"), last.CorrelationID)
	return p
}

// actor names an actor: a person by name.
func (v *visit) actor(by books.Actor) string {
	if by == "schedule" {
		return v.t("by schedule")
	}
	if name, known := v.actors[by]; known {
		return name
	}
	ctx, name := v.r.Context(), string(by)
	text, isUser := strings.CutPrefix(name, "user ")
	id, err := strconv.ParseInt(text, 10, 32)
	if !isUser || err != nil {
		return name
	}
	_ = v.Store.Read(ctx, func(tx *store.Tx) error { // without a name the number stands there
		u, err := tx.UserByID(ctx, books.ID(id))
		if err == nil && u.Name != "" {
			name = u.Name
		}
		return err
	})
	if v.actors == nil {
		v.actors = map[books.Actor]string{}
	}
	v.actors[by] = name
	return name
}

// wrongStatement explains the error of a changed statement; nil for any other.
func (v *visit) wrongStatement(err error, month books.Month) *refusal {
	if e := books.AsError(err); e == nil || e.Kind != books.Integrity {
		return nil
	}
	return v.refused(err, month, books.CorrelationID(v.r.Context()))
}
