package main

import (
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/config"
	"extrato/internal/store"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token for a program; it is shown once."`
	List   tokenList   `cmd:"" help:"List the tokens, and when each was used last."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once."`
}

// withKey refuses to go on without the key for signing tokens.
func withKey(c config.Config) error {
	if c.JWTKey == "" {
		return books.Refusedf("no_key", "JWT_SECRET_KEY is not set, and tokens are signed with it").
			WithHint("use the one that serve runs with, or make one and keep it: export JWT_SECRET_KEY=$(openssl rand -hex 32)")
	}
	return nil
}

type tokenCreate struct {
	Name  string   `arg:"" help:"Its purpose."`
	Scope []string `help:"Its rights: backup, close, read. May be given several times." required:"" enum:"backup,close,read"`
	Days  int      `help:"How long it lives, 365 at most." default:"90"`
}

func (tokenCreate) Help() string {
	return `Example, for the safety net:
  extrato token create "GitHub Actions" --scope backup --scope close --scope read`
}

// Run makes a token.
func (c *tokenCreate) Run(a *app) error {
	settings, err := a.config()
	if err == nil {
		err = withKey(settings)
	}
	if err != nil {
		return err
	}
	s, err := a.openStore(settings, orNew)
	if err != nil {
		return err
	}
	if err := auth.EnsureServiceAccount(a.ctx, s); err != nil {
		return err
	}
	var scopes []auth.Scope
	for _, scope := range c.Scope {
		scopes = append(scopes, auth.Scope(scope))
	}
	text, record, err := auth.IssueToken(a.ctx, s, settings.JWTKey, c.Name, scopes, c.Days, clock(), actor())
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]any{"token": text, "id": record.ID, "expires_at": record.ExpiresAt.String()})
	}
	a.printf("%s\n", text)
	_, err = a.stderr.Write([]byte("Shown only now. Id " + record.ID + ", ends " + record.ExpiresAt.Time().In(settings.Zone).Format("2006-01-02") + ".\n"))
	return err
}

type tokenList struct{}

// tokenLine is a token as list --json prints it.
type tokenLine struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Scopes   []string `json:"scopes"`
	State    string   `json:"state"` // valid, expired, revoked
	Created  string   `json:"created_at"`
	Expires  string   `json:"expires_at"`
	LastUsed string   `json:"last_used_at,omitempty"`
	Revoked  string   `json:"revoked_at,omitempty"`
}

func lineOf(k store.Token, now time.Time) tokenLine {
	line := tokenLine{ID: k.ID, Name: k.Name, Scopes: k.Scopes, State: "valid", Created: k.CreatedAt.String(), Expires: k.ExpiresAt.String()}
	if k.LastUsed.Valid {
		line.LastUsed = k.LastUsed.V.String()
	}
	if !k.ExpiresAt.Time().After(now) {
		line.State = "expired"
	}
	if k.RevokedAt.Valid {
		line.State, line.Revoked = "revoked", k.RevokedAt.V.String()
	}
	return line
}

func (tokenList) Help() string {
	return `Example:
  extrato token list`
}

// Run lists the tokens.
func (tokenList) Run(a *app) error {
	s, err := a.people()
	if err != nil {
		return err
	}
	var tokens []store.Token
	err = s.Read(a.ctx, func(tx *store.Tx) error {
		tokens, err = tx.Tokens(a.ctx, "")
		return err
	})
	if err != nil {
		return err
	}
	lines := []tokenLine{}
	for _, k := range tokens {
		lines = append(lines, lineOf(k, clock()))
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]any{"tokens": lines})
	}
	for _, l := range lines {
		used := "never used"
		if l.LastUsed != "" {
			used = "used " + when(l.LastUsed, s.Zone())
		}
		a.printf("%s  %-7s  %-18s  ends %s  %s  %s\n", l.ID, l.State, strings.Join(l.Scopes, ","), when(l.Expires, s.Zone()), used, l.Name)
	}
	return nil
}

type tokenRevoke struct {
	ID string `arg:"" help:"The token's id, as list shows it."`
}

func (tokenRevoke) Help() string {
	return `Example:
  extrato token revoke 5FZQ3NHXKJ4V7TWIYB2L6OMCPA`
}

// Run revokes a token.
func (c *tokenRevoke) Run(a *app) error {
	s, err := a.people()
	if err != nil {
		return err
	}
	err = s.Write(a.ctx, func(tx *store.Tx) error {
		found, err := tx.Tokens(a.ctx, c.ID)
		if err != nil {
			return err
		}
		if c.ID == "" || len(found) == 0 {
			return books.NotFoundf("no_token", "there is no token with this id").WithHint("extrato token list shows them")
		}
		return tx.RevokeToken(a.ctx, c.ID)
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]any{"revoked": c.ID})
	}
	a.printf("The token is revoked.\n")
	return nil
}
