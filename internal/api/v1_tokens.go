package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// token is the record of a service token; the token itself is shown once, to
// its maker.
type token struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"`
	CreatedBy string   `json:"created_by"`
	CreatedAt string   `json:"created_at"`
	ExpiresAt string   `json:"expires_at"`
	LastUsed  *string  `json:"last_used_at"`
	RevokedAt *string  `json:"revoked_at"`
}

type newToken struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100" example:"monthly workflow" doc:"What it is for."`
	Scopes []string `json:"scopes" minItems:"1" maxItems:"3" enum:"backup,close,read" doc:"What it may be used for."`
	Days   int      `json:"days,omitempty" minimum:"1" maximum:"365" default:"90" doc:"How long it lives."`
}

type madeToken struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"`
	Token     string   `json:"token" doc:"The token itself. It is kept nowhere: put it where it is needed now."`
}

type addToken struct {
	Keyed
	Body newToken
}

type tokenID struct {
	ID string `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9]+$"`
}

func (v *v1) registerTokens() {
	register(v, operation{
		method: http.MethodGet, path: "tokens", id: "list-tokens", tag: "access", needs: auth.Manage,
		summary: "The service tokens", description: "Newest first, expired and revoked ones too.",
	}, v.listTokens)
	register(v, operation{
		method: http.MethodPost, path: "tokens", id: "add-token", tag: "access", needs: auth.Manage, status: http.StatusCreated,
		summary: "Make a service token", description: "The answer holds the token, this one time.",
	}, v.addToken)
	register(v, operation{
		method: http.MethodDelete, path: "tokens/{id}", id: "revoke-token", tag: "access", needs: auth.Manage, status: http.StatusNoContent,
		errors: []int{http.StatusNotFound}, summary: "Revoke a service token", description: "It is refused from now on. It stays in the list.",
	}, v.revokeToken)
}

func tokenOf(k store.Token) token {
	return token{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: string(k.CreatedBy), CreatedAt: k.CreatedAt.String(), ExpiresAt: k.ExpiresAt.String(),
		LastUsed: text(&k.LastUsed), RevokedAt: text(&k.RevokedAt),
	}
}

func (v *v1) tokens(ctx context.Context, id string) (list []store.Token, err error) {
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		list, err = tx.Tokens(ctx, id)
		return err
	})
	return list, err
}

// listTokens reads all of them: there are few.
func (v *v1) listTokens(ctx context.Context, in *listOfAll) (*listed[token], error) {
	all, err := v.tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		var from tokenPlace
		if err := unpackCursor(in.Cursor, &from); err != nil || from.ID == "" {
			return nil, errCursor
		}
		all = slices.DeleteFunc(all, func(k store.Token) bool {
			at := int64(k.CreatedAt)
			return at > from.At || at == from.At && k.ID <= from.ID
		})
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = packCursor(tokenPlace{int64(all[in.Limit-1].CreatedAt), all[in.Limit-1].ID})
	}
	items := make([]token, 0, len(all))
	for _, k := range all {
		items = append(items, tokenOf(k))
	}
	return shownPage(items, next), nil
}

// tokenPlace is where a part of the list of tokens ended.
type tokenPlace struct {
	At int64  `json:"t"`
	ID string `json:"i"`
}

func (v *v1) addToken(ctx context.Context, in *addToken) (*response[madeToken], error) {
	if err := checkTokenName(in.Body.Name); err != nil {
		return nil, err
	}
	var scopes []auth.Scope
	for _, s := range in.Body.Scopes {
		scopes = append(scopes, auth.Scope(s))
	}
	secret, k, err := v.s.Guard.NewToken(in.Body.Name, scopes, in.Body.Days, who(ctx).By)
	if err != nil {
		return nil, err
	}
	out, err := onceInTx(ctx, v, in.Key, "POST /api/v1/tokens", in.Body, func(tx *store.Tx) (response[madeToken], error) {
		return response[madeToken]{Status: http.StatusCreated, Location: "/api/v1/tokens/" + k.ID, Body: madeToken{
			ID: k.ID, Name: k.Name, Scopes: k.Scopes, ExpiresAt: k.ExpiresAt.String(), // the token itself is not saved
		}}, tx.AddToken(ctx, k)
	})
	if err != nil {
		return nil, err
	}
	if out.Body.ID != k.ID { // made before
		if secret, err = v.signAgain(ctx, out.Body.ID); err != nil {
			return nil, err
		}
	}
	out.Body.Token = secret
	return out, nil
}

func (v *v1) signAgain(ctx context.Context, id string) (string, error) {
	found, err := v.tokens(ctx, id)
	if err != nil {
		return "", err
	}
	if len(found) != 1 || found[0].RevokedAt.Valid || found[0].ExpiresAt.Time().Before(v.s.Now().Add(-time.Minute)) {
		return "", books.Conflictf("token_gone", "the token made with this key is no longer valid").WithHint("make another, with a new key")
	}
	return v.s.Guard.Sign(found[0])
}

// checkTokenName refuses names unfit for a database.
func checkTokenName(name string) error {
	for _, r := range name {
		if r < ' ' {
			return books.Invalidf("invalid_name", "a token's name may not contain control characters").WithHint("write the name on one line")
		}
	}
	return nil
}

func (v *v1) revokeToken(ctx context.Context, in *tokenID) (*nothing, error) {
	return nil, v.s.Store.Write(ctx, func(tx *store.Tx) error {
		found, err := tx.Tokens(ctx, in.ID)
		if err == nil && len(found) == 0 {
			err = books.NotFoundf("no_token", "there is no such token").WithHint("GET /api/v1/tokens lists them")
		}
		if err != nil {
			return err
		}
		return tx.RevokeToken(ctx, in.ID)
	})
}
