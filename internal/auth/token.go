package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/books"
	"extrato/internal/store"
)

// issuer is how tokens of this program call their maker; v4's name none.
const issuer = "extrato"

// ServiceAccount is v4's user for programs.
const (
	ServiceAccount      books.ID = 999
	serviceEmail                 = "github-actions@tattoo-studio.local"
	serviceEmailWritten          = "service-account@github-actions.internal" // in some of v4's documents
	serviceName                  = "GitHub Actions Bot"
)

// MaxDays is how long a token may live, and DefaultDays how long it does.
const (
	MaxDays     = 365
	DefaultDays = 90
)

// claims are those of our tokens and of v4's. sub is a text by JWT's rules and
// a number in some of v4's tokens, so it is read apart from the others.
type claims struct {
	jwt.RegisteredClaims
	Sub    json.RawMessage `json:"sub,omitempty"`
	UserID json.RawMessage `json:"user_id,omitempty"`
	Email  string          `json:"email,omitempty"`
	Scopes []Scope         `json:"scopes,omitempty"`
}

// sign signs the token of a record.
func sign(key string, record store.Token) (string, error) {
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, ID: record.ID, IssuedAt: jwt.NewNumericDate(record.CreatedAt.Time()), ExpiresAt: jwt.NewNumericDate(record.ExpiresAt.Time()),
		},
		Sub: json.RawMessage(strconv.Quote(strconv.Itoa(int(ServiceAccount)))), Email: serviceEmail,
	}
	for _, scope := range record.Scopes {
		c.Scopes = append(c.Scopes, Scope(scope))
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(key))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text, nil
}

// IssueToken makes a token as newToken does, records it and returns it; it can
// never be shown again.
func IssueToken(ctx context.Context, s *store.Store, key, name string, scopes []Scope, days int, now time.Time, by books.Actor) (string, store.Token, error) {
	text, record, err := newToken(key, name, scopes, days, now, by)
	if err != nil {
		return "", record, err
	}
	return text, record, s.Write(ctx, func(tx *store.Tx) error { return tx.AddToken(ctx, record) })
}

// newToken makes a token, valid once its record is saved. It fails with an
// Error of kind Invalid for a bad name, scopes or days.
func newToken(key, name string, scopes []Scope, days int, now time.Time, by books.Actor) (string, store.Token, error) {
	switch {
	case len(name) > 100 || !isLine(name):
		return "", store.Token{}, books.Invalidf("invalid_name", "a token needs a name of 1 to 100 characters").WithHint("say what it is for: --name or NAME")
	case days < 1 || days > MaxDays:
		return "", store.Token{}, books.Invalidf("invalid_days", "a token lives 1 to %d days, not %d", MaxDays, days).
			WithHint("leave the days out for 90; make another token before one ends")
	case len(scopes) == 0:
		return "", store.Token{}, books.Invalidf("invalid_scope", "a token needs a scope").WithHint("backup, close or read")
	}
	var texts []string
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return "", store.Token{}, books.Invalidf("invalid_scope", "there is no scope %q", scope).WithHint("backup, close or read")
		}
		if !slices.Contains(texts, string(scope)) {
			texts = append(texts, string(scope))
		}
	}
	expires := now.AddDate(0, 0, days).Truncate(time.Second)
	record := store.Token{
		ID: rand.Text(), Name: name, Scopes: texts, CreatedBy: by, CreatedAt: books.InstantOf(now), ExpiresAt: books.InstantOf(expires),
	}
	text, err := sign(key, record)
	return text, record, err
}

// EnsureServiceAccount makes user 999, as v4 does, or repairs its address,
// name, role and active flag. It has no password.
func EnsureServiceAccount(ctx context.Context, s *store.Store) error {
	want := store.User{ID: ServiceAccount, Email: serviceEmail, Name: serviceName, Role: string(Admin), Active: true}
	missing := func(tx *store.Tx) (there, wrong bool, err error) {
		have, err := tx.UserByID(ctx, ServiceAccount)
		there = have.ID != 0
		have.Password = false
		return there, have != want, err
	}
	var wrong bool
	err := s.Read(ctx, func(tx *store.Tx) error {
		var err error
		_, wrong, err = missing(tx)
		return err
	})
	if err != nil || !wrong {
		return err
	}
	return s.Write(ctx, func(tx *store.Tx) error {
		there, wrong, err := missing(tx)
		switch {
		case err != nil || !wrong:
			return err
		case there:
			return tx.SetUser(ctx, want)
		}
		_, err = tx.AddUser(ctx, want)
		return err
	})
}

// leeway is how far clocks may be apart.
const leeway = 30 * time.Second

// byToken returns a token's owner, and the account named in it even on a
// refusal.
func (g *Guard) byToken(ctx context.Context, text string) (i Identity, account string, err error) {
	if len(text) > 8<<10 {
		return Identity{}, "", ErrBadToken
	}
	if g.job.issued(text) {
		i, err = g.job.identify(ctx, text, g.o.Now())
		if err != nil {
			g.o.Log.Warn("job identity refused", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
			return Identity{}, "", ErrBadToken
		}
		return i, "", nil
	}
	var c claims
	_, err = jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return []byte(g.o.Key), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(g.o.Now))
	if err != nil {
		return Identity{}, "", ErrBadToken
	}
	id, ok := c.user()
	if !ok || c.Email == "" {
		return Identity{}, "", ErrBadPayload
	}
	account = strconv.FormatInt(int64(id), 10)
	user, err := g.activeUser(ctx, id)
	switch {
	case err != nil:
		return Identity{}, account, err
	case user.ID == 0 || !sameEmail(user, c.Email):
		return Identity{}, account, ErrBadToken
	}
	i = Identity{UserID: user.ID, Email: user.Email, Name: user.Name, Role: Role(user.Role), By: actorOf(user.ID)}
	if c.Issuer == issuer {
		i.Scopes, i.By = c.Scopes, books.Actor("token "+c.ID)
		return i, account, g.stillGood(ctx, c.ID)
	}
	if user.ID == ServiceAccount {
		i.Scopes = Scopes()
		g.noteV4Token(ctx, c)
	}
	return i, account, nil
}

// user returns the user named in a token: sub, or v4's user_id, a number or a
// text.
func (c *claims) user() (books.ID, bool) {
	for _, text := range []string{string(c.Sub), string(c.UserID)} {
		if unquoted, err := strconv.Unquote(text); err == nil {
			text = unquoted
		}
		if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
			return books.ID(n), true
		}
	}
	return 0, false
}

// actorOf names a user for the books.
func actorOf(id books.ID) books.Actor { return books.Actor("user " + strconv.FormatInt(int64(id), 10)) }

func sameEmail(user store.User, email string) bool {
	return strings.EqualFold(user.Email, email) || user.ID == ServiceAccount && (strings.EqualFold(email, serviceEmailWritten) || strings.EqualFold(email, serviceEmail))
}

// stillGood refuses a token of ours without a record or revoked, and records
// its use, at most once a minute.
func (g *Guard) stillGood(ctx context.Context, id string) error {
	var found []store.Token
	err := g.o.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		found, err = tx.Tokens(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	if id == "" || len(found) != 1 || found[0].RevokedAt.Valid {
		return ErrBadToken
	}
	if last := found[0].LastUsed; last.Valid && g.o.Now().Sub(last.V.Time()) < time.Minute {
		return nil
	}
	if err := g.o.Store.Write(ctx, func(tx *store.Tx) error { return tx.TouchToken(ctx, id) }); err != nil {
		g.o.Log.Warn("use of a token not recorded", "cause", err.Error()) // no reason to keep a backup from being made
	}
	return nil
}

// noteV4Token records the expiry of the token used by v4's workflow.
func (g *Guard) noteV4Token(ctx context.Context, c claims) {
	expires := books.InstantOf(c.ExpiresAt.Time).String()
	var known string
	err := g.o.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		known, err = tx.Setting(ctx, store.V4TokenExpires)
		return err
	})
	if err == nil && known != expires {
		err = g.o.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, store.V4TokenExpires, expires) })
	}
	if err != nil {
		g.o.Log.Warn("end of v4's token not recorded", "cause", err.Error())
	}
}

// Issue makes a service token as IssueToken does, with the guard's own key.
func (g *Guard) Issue(ctx context.Context, name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	return IssueToken(ctx, g.o.Store, g.o.Key, name, scopes, days, g.o.Now(), by)
}

// NewToken makes a service token; it is valid once the caller has saved its
// record.
func (g *Guard) NewToken(name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	return newToken(g.o.Key, name, scopes, days, g.o.Now(), by)
}

// Sign signs a token again from its record, for the repeated answer to a
// request: the token itself is stored nowhere.
func (g *Guard) Sign(record store.Token) (string, error) { return sign(g.o.Key, record) }
