package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Provider is an OpenID Connect provider for sign-in.
type Provider struct{ Issuer, ClientID, ClientSecret string }

type loginProvider struct {
	Provider
	lazy lazy
}

func newLoginProvider(p Provider) *loginProvider {
	if p.Issuer == "" || p.ClientID == "" {
		return nil
	}
	return &loginProvider{Provider: p, lazy: lazy{issuer: p.Issuer}}
}

// HasProvider reports whether people can sign in with a provider.
func (g *Guard) HasProvider() bool { return g.provider != nil }

// The values saved in the login during the visit to the provider.
const (
	askedState    = "oidc_state"
	askedNonce    = "oidc_nonce"
	askedVerifier = "oidc_verifier"
)

// signInLasts is how long a person may take at the provider.
const signInLasts = 10 * time.Minute

func (p *loginProvider) oauth(ctx context.Context, base string) (*oauth2.Config, *oidc.Provider, error) {
	found, err := p.lazy.provider(ctx)
	if err != nil {
		return nil, nil, books.Refusedf("provider_unreachable", "the sign-in provider does not answer").
			WithHint("try again, or sign in with the password; the owner checks EXTRATO_LOGIN_OIDC_ISSUER").Because(err)
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: base + "/login/oidc/callback",
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, found, nil
}

// ProviderURL returns the provider's address for a sign-in; base is this
// server's own address. It fails with Limited, and with an Error of kind
// NotFound if there is no provider and Refused if it does not answer.
func (g *Guard) ProviderURL(r *http.Request, base string) (string, error) {
	if g.provider == nil {
		return "", books.NotFoundf("no_provider", "no provider is set up").WithHint("set EXTRATO_LOGIN_OIDC_ISSUER and _CLIENT_ID")
	}
	if limited := g.logins.take("provider:" + addressOf(r)); limited != nil {
		return "", limited
	}
	config, _, err := g.provider.oauth(r.Context(), base)
	if err != nil {
		return "", err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	l := loginOf(r.Context())
	ctx, err := l.open(r.Context())
	if err != nil {
		return "", err
	}
	if g.sessions.GetInt64(ctx, loginUser) == 0 {
		g.sessions.SetDeadline(ctx, time.Now().Add(signInLasts)) // strangers must not fill the table
	}
	g.sessions.Put(ctx, askedState, state)
	g.sessions.Put(ctx, askedNonce, nonce)
	g.sessions.Put(ctx, askedVerifier, verifier)
	return config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), l.keep(ctx)
}

// SignInWithProvider signs in a person returning from the provider. It fails
// with ErrSignIn, without a reason, or Limited.
func (g *Guard) SignInWithProvider(r *http.Request, base string) error {
	if limited := g.logins.take("address:" + addressOf(r)); limited != nil {
		return limited
	}
	if g.provider == nil {
		return ErrSignIn
	}
	ctx, err := loginOf(r.Context()).open(r.Context())
	if err != nil {
		return err
	}
	state, nonce, verifier := g.sessions.PopString(ctx, askedState), g.sessions.PopString(ctx, askedNonce), g.sessions.PopString(ctx, askedVerifier)
	if state == "" {
		return ErrSignIn
	}
	if _, _, err := g.sessions.Commit(ctx); err != nil { // they are good for one answer
		return err
	}
	if subtle.ConstantTimeCompare([]byte(state), []byte(r.FormValue("state"))) != 1 {
		return ErrSignIn
	}
	email, name, err := g.provider.redeem(ctx, base, r.FormValue("code"), nonce, verifier, g.o)
	if err != nil {
		g.o.Log.Warn("sign-in with the provider refused", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		return ErrSignIn
	}
	if !g.authorized(email) {
		return ErrSignIn
	}
	user, password, err := g.providedUser(ctx, email, name)
	if err != nil {
		return err
	}
	if !user.Active {
		return ErrSignIn
	}
	return g.begin(ctx, user.ID, password, true)
}

// authorized reports whether an address may sign in with the provider.
func (g *Guard) authorized(email string) bool {
	return slices.Contains(g.o.Emails, strings.ToLower(email))
}

// redeem turns the provider's code into a verified address and a name.
func (p *loginProvider) redeem(ctx context.Context, base, code, nonce, verifier string, o Options) (email, name string, err error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, providerClient), providerTimeout)
	defer cancel()
	config, found, err := p.oauth(ctx, base)
	if err != nil {
		return "", "", err
	}
	answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", "", books.Refusedf("code_refused", "the provider did not take the code") // its own words may hold the code
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: o.Now}).Verify(ctx, raw)
	if err != nil {
		return "", "", err
	}
	var c struct {
		Email    string `json:"email"`
		Verified any    `json:"email_verified"` // some write it as text
		Name     string `json:"name"`
	}
	if err := token.Claims(&c); err != nil {
		return "", "", err
	}
	if token.Nonce != nonce || nonce == "" {
		return "", "", books.Refusedf("wrong_nonce", "the identity was made for another sign-in")
	}
	if c.Verified != true && c.Verified != "true" {
		return "", "", books.Refusedf("email_unverified", "the provider has not verified the address")
	}
	return strings.ToLower(c.Email), c.Name, nil
}

// providedUser returns the user of an authorized address, and makes an admin if
// there is none, since AUTHORIZED_EMAILS lists it.
func (g *Guard) providedUser(ctx context.Context, email, name string) (user store.User, password string, err error) {
	if user, password, err = g.userByEmail(ctx, email); err != nil || user.ID != 0 {
		return user, password, err
	}
	if !isName(name) {
		name = email // a bad name is no reason to refuse
	}
	err = g.o.Store.Write(ctx, func(tx *store.Tx) error {
		if user, err = tx.UserByEmail(ctx, email); err != nil || user.ID != 0 {
			return err // somebody was faster
		}
		user, err = addUser(ctx, tx, store.User{Email: email, Name: name, Role: string(Admin), Active: true}, "")
		return err
	})
	return user, "", err
}
