package doctor

import (
	"context"
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
		r.warn("key", "export JWT_SECRET_KEY=$(openssl rand -hex 32), and keep it", "JWT_SECRET_KEY is not set: serve refuses to start, and no token can be made")
	default:
		if err := d.CheckKey(c.JWTKey, d.Now()); err != nil {
			r.failed("key", err)
			break
		}
		r.ok("key", "long enough; a token can be made with it and read back")
	}
	pins := []string{c.Job.Audience, c.Job.Repository, c.Job.Ref, c.Job.Workflow}
	switch set := count(pins); set {
	case 0:
		r.ok("job identity", "not used: jobs come with a token")
	case len(pins):
		r.ok("job identity", "jobs of %s, %s at %s may back up and close", c.Job.Repository, c.Job.Workflow, c.Job.Ref)
	default:
		r.fail("job identity", "set all of EXTRATO_JOB_OIDC_AUDIENCE, _REPOSITORY, _REF and _WORKFLOW, or none", "%d of the four pins are set: no job can come in", set)
	}
	switch {
	case c.Login.Issuer == "" && c.Login.ClientID == "":
		r.ok("sign-in", "by password")
	case c.Login.Issuer == "" || c.Login.ClientID == "":
		r.fail("sign-in", "set both EXTRATO_LOGIN_OIDC_ISSUER and EXTRATO_LOGIN_OIDC_CLIENT_ID", "only one half of the provider is set")
	case len(c.Emails) == 0:
		r.warn("sign-in", "name them in AUTHORIZED_EMAILS", "a provider is set, and AUTHORIZED_EMAILS lets nobody in")
	default:
		r.ok("sign-in", "by password, or with the provider for %d addresses", len(c.Emails))
	}
	if len(c.Notify) == 0 {
		r.warn("telling", "set EXTRATO_NOTIFY to the places to notify", "nobody is notified when a month cannot be closed")
	} else if err := d.CheckPlaces(c.Notify); err != nil {
		r.fail("telling", books.AsError(err).Hint, "%v", err)
	} else {
		r.ok("telling", "%d places", len(c.Notify))
	}
	if ip := net.ParseIP(c.Host); c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) && len(c.TrustedProxies) == 0 {
		r.warn("address", "put a proxy with TLS in front, and name it in EXTRATO_TRUSTED_PROXIES", "serve listens on %s for everybody, without TLS", c.Host)
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
	const name = "service account"
	u, err := tx.UserByID(ctx, serviceAccount)
	switch {
	case err != nil:
		return err
	case u.ID == 0:
		r.ok(name, "user %d is not there yet; serve makes it", serviceAccount)
	case !u.Active || u.Role != "admin":
		r.warn(name, "restart extrato serve: it repairs the account", "user %d is disabled or not an admin: tokens for programs are refused", serviceAccount)
	default:
		r.ok(name, "user %d is there", serviceAccount)
	}
	return nil
}

func (d *Doctor) tokens(ctx context.Context, tx *store.Tx, r *Report) error {
	const name = "tokens"
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
			ending = append(ending, k.ID+" on "+d.day(k.ExpiresAt))
		}
	}
	if len(ending) > 0 {
		r.warn(name, "extrato token create makes another; then extrato token revoke ID", "end soon: %s", some(ending))
	} else {
		r.ok(name, "%d valid, and none ends soon", valid)
	}
	ends, err := d.setting(ctx, tx, store.V4TokenExpires)
	if err == nil && ends.Valid && ends.V.Time().Sub(d.Now()) > tokenTooLong {
		r.warn("v4's token", "replace it: extrato token create NAME --scope backup --scope close, then change JWT_SECRET_KEY",
			"the token of v4's that was used last lives until %s and cannot be revoked", d.day(ends.V))
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
	const name = "v4 beside us"
	taken, err := d.setting(ctx, tx, store.TakenOver)
	if err != nil || !taken.Valid {
		return err // never was v4's
	}
	closed, err := tx.ClosedByV4(ctx)
	if err != nil {
		return err
	}
	var months []string
	for _, month := range closed {
		months = append(months, month.String())
	}
	if len(months) == 0 {
		r.ok(name, "v4 has closed nothing since %s", d.day(taken.V))
		return nil
	}
	r.warn(name, "in v4's environment set ENABLE_MONTHLY_EXTRATO_JOB=false, and keep its Histórico page closed from day 2 on: opening it closes a month",
		"v4 still closes months by itself, without our proof: %s", some(months))
	return nil
}

func (d *Doctor) safetyNet(ctx context.Context, tx *store.Tx, r *Report) error {
	const name = "safety net"
	seen, err := d.setting(ctx, tx, store.SafetyNetSeen)
	switch {
	case err != nil:
		return err
	case !seen.Valid:
		r.warn(name, "set it up: docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md", "it was never seen: nobody elsewhere notices when this server is down")
	case d.Now().Sub(seen.V.Time()) > netSilentAfter:
		r.warn(name, "check that its schedule still exists", "it was last seen on %s", d.day(seen.V))
	default:
		r.ok(name, "last seen on %s", d.day(seen.V))
	}
	return nil
}
