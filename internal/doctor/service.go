package doctor

import (
	"context"
	"fmt"
	"net"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// service checks the settings needed by serve.
func (d *Doctor) service(r *Report) {
	c := d.Config
	switch {
	case c.Problems["JWT_SECRET_KEY"] != "": // the setting has failed already
	case c.JWTKey == "":
		r.say("key_unset")
	default:
		if err := d.CheckKey(c.JWTKey, d.Now()); err != nil {
			r.failed("key", err)
			break
		}
		r.say("key")
	}
	pins := []string{c.Job.Audience, c.Job.Repository, c.Job.Ref, c.Job.Workflow}
	switch set := count(pins); set {
	case 0:
		r.say("job_identity_unused")
	case len(pins):
		r.say("job_identity", c.Job.Repository, c.Job.Workflow, c.Job.Ref)
	default:
		r.say("job_identity_half", set)
	}
	switch {
	case c.Login.Issuer == "" && c.Login.ClientID == "":
		r.say("sign_in_password")
	case c.Login.Issuer == "" || c.Login.ClientID == "":
		r.say("sign_in_half")
	case len(c.Emails) == 0:
		r.say("sign_in_nobody")
	default:
		r.say("sign_in", len(c.Emails))
	}
	if len(c.Notify) == 0 {
		r.say("telling_nobody")
	} else if err := d.CheckPlaces(c.Notify); err != nil {
		r.say("telling_wrong", err.Error(), books.AsError(err).Hint)
	} else {
		r.say("telling", len(c.Notify))
	}
	if ip := net.ParseIP(c.Host); c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) && len(c.TrustedProxies) == 0 {
		r.say("address_open", c.Host)
	}
}

func count(texts []string) int {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// The times worth a warning.
const (
	tokenEndsSoon  = 14 * 24 * time.Hour
	tokenTooLong   = 90 * 24 * time.Hour
	netSilentAfter = 36 * 24 * time.Hour
)

// serviceAccount is v4's user for programs.
const serviceAccount books.ID = 999

// access checks users and tokens, v4's own closing, and the safety net, as far
// as the database knows.
func (d *Doctor) access(ctx context.Context, r *Report) {
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		for _, check := range []func(context.Context, *store.Tx, *Report) error{d.account, d.tokens, d.beside, d.safetyNet} {
			if err := check(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.failed("access", err)
	}
}

func (d *Doctor) account(ctx context.Context, tx *store.Tx, r *Report) error {
	u, err := tx.UserByID(ctx, serviceAccount)
	switch {
	case err != nil:
		return err
	case u.ID == 0:
		r.say("account_missing", serviceAccount)
	case !u.Active || u.Role != "admin":
		r.say("account_off", serviceAccount)
	default:
		r.say("account", serviceAccount)
	}
	return nil
}

func (d *Doctor) tokens(ctx context.Context, tx *store.Tx, r *Report) error {
	all, err := tx.Tokens(ctx, "")
	if err != nil {
		return err
	}
	var ending []string
	valid := 0
	for _, k := range all {
		left := k.ExpiresAt.Time().Sub(d.Now())
		if k.RevokedAt.Valid || left <= 0 {
			continue
		}
		valid++
		if left < tokenEndsSoon {
			ending = append(ending, fmt.Sprint(k.ID, " on ", d.day(k.ExpiresAt)))
		}
	}
	if len(ending) > 0 {
		r.say("tokens_ending", some(ending))
	} else {
		r.say("tokens", valid)
	}
	ends, err := d.setting(ctx, tx, store.V4TokenExpires)
	if err == nil && ends.Valid && ends.V.Time().Sub(d.Now()) > tokenTooLong {
		r.say("v4_token", d.day(ends.V))
	}
	return err
}

// setting reads an instant saved by the program.
func (d *Doctor) setting(ctx context.Context, tx *store.Tx, name string) (books.NullInstant, error) {
	text, err := tx.Setting(ctx, name)
	if err != nil || text == "" {
		return books.NullInstant{}, err
	}
	var at books.NullInstant
	err = at.Parse([]byte(text))
	return at, err
}

// beside looks for signs of v4 still closing months by itself: statements newer
// than the takeover of its database.
func (d *Doctor) beside(ctx context.Context, tx *store.Tx, r *Report) error {
	taken, err := d.setting(ctx, tx, store.TakenOver)
	if err != nil || !taken.Valid {
		return err // never was v4's
	}
	closed, err := tx.ClosedByV4(ctx)
	if err != nil {
		return err
	}
	if len(closed) == 0 {
		r.say("v4_beside", d.day(taken.V))
		return nil
	}
	r.say("v4_closes", Months(closed))
	return nil
}

func (d *Doctor) safetyNet(ctx context.Context, tx *store.Tx, r *Report) error {
	seen, err := d.setting(ctx, tx, store.SafetyNetSeen)
	switch {
	case err != nil:
		return err
	case !seen.Valid:
		r.say("net_unseen")
	case d.Now().Sub(seen.V.Time()) > netSilentAfter:
		r.say("net_silent", d.day(seen.V))
	default:
		r.say("net", d.day(seen.V))
	}
	return nil
}
