package web_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

const password = "correct horse battery"

// owner sets a new studio up, and stands at the first steps.
func owner(t *testing.T, b *browser) *webtest.Person {
	t.Helper()
	p := webtest.NewPerson(t, b.base)
	p.Open(b.setup).Send("Criar", "Nome", "Rafa Nogueira", "E-mail", "rafa@example.com", "Senha", password)
	p.Is(200, "/comecar")
	return p
}

// both runs a test on a new studio in each database.
func both(t *testing.T, test func(t *testing.T, b *browser, db *storetest.DB)) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) { test(t, openOn(t, db, auth.Provider{}), db) })
}

func users(t *testing.T, s *store.Store) (all []store.User) {
	t.Helper()
	err := s.Read(t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.Users(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(u store.User) bool { return u.ID == auth.ServiceAccount })
}

func TestThe_first_steps_lead_an_owner_in(t *testing.T) {
	both(t, func(t *testing.T, b *browser, db *storetest.DB) {
		p := webtest.NewPerson(t, b.base)
		p.Open(b.setup).Send("Criar", "Nome", `Rafa "<b>" Nogueira`, "E-mail", "rafa@example.com", "Senha", "curta").Is(422, "/setup").Says("de 10 a 200 letras")
		if got := p.Value("Criar", "Nome"); got != `Rafa "<b>" Nogueira` || p.Focus() != "Senha" || p.Value("Criar", "Senha") != "" {
			t.Errorf("the name is %q, the cursor in %q", got, p.Focus())
		}
		p.Send("Criar", "Nome", "Rafa Nogueira", "Senha", password)
		if p.Is(200, "/comecar"); p.Answered != 303 || p.Heading() != "Primeiros passos" || p.Focus() != "Nome do estúdio" {
			t.Errorf("%d %q %q", p.Answered, p.Heading(), p.Focus())
		}
		p.Send("Continuar", "Nome do estúdio", " ").Is(422, "/comecar").Says("Falta preencher.")
		p.Send("Continuar", "Nome do estúdio", "Estúdio Agulha Fina").Is(200, "/comecar").Says("Estúdio Agulha Fina", "feito")

		p.Send("Continuar", "Nome", "Bia Moreira", "Comissão %", "sessenta", "Também tatua", "1").Is(422, "/comecar").Says("“sessenta” não é uma porcentagem")
		if v := p.Values("Continuar"); v.Get("nome") != "Bia Moreira" || v.Get("percentual") != "sessenta" || v.Get("tatua") != "1" || p.Focus() != "Comissão %" {
			t.Errorf("what was typed is lost: %v, the cursor in %q", v, p.Focus())
		}
		p.Send("Continuar", "Comissão %", "62,5").Says("Bia Moreira, 62,5 % de comissão", "Rafa Nogueira, sem comissão")

		p.Send("Continuar", "Taxa %", "3,49", "Dias", "trinta").Is(422, "/comecar").Says("Escreva quantos dias")
		p.Send("Continuar", "Dias", "30").Says("Dinheiro: taxa de 3,49 %, 30 dias")
		p.Send("Pular").Says("Pulado por enquanto.", "/srv/backups", "No mesmo disco")
		p.Send("Continuar")
		p.Open("/")
		if strings.Contains(p.Text(), "passo") {
			t.Errorf("the steps are done, and still: %s", p.Text())
		}
		var roles []string
		for _, u := range users(t, db.Store) {
			roles = append(roles, u.Name+" "+u.Role)
		}
		if got := strings.Join(roles, ", "); got != "Rafa Nogueira admin, Bia Moreira artist" {
			t.Error(got)
		}
	})
}

func TestThe_owner_alone_is_an_artist_too(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	p.Open("/comecar?passo=artista").Send("Continuar").Is(422, "").Says("Escreva o nome do artista")
	p.Send("Continuar", "Também tatua", "1", "Comissão %", "").Says("Rafa Nogueira, sem comissão")
}

func TestPeople_come_in_by_one_time_links(t *testing.T) {
	both(t, func(t *testing.T, b *browser, _ *storetest.DB) {
		p := owner(t, b)
		p.Open("/acesso").Send("Criar acesso", "Nome", "Bia Moreira", "E-mail", "nada").Is(422, "").Says("não é um endereço de e-mail")
		if p.Focus() != "E-mail" || p.Value("Criar acesso", "Nome") != "Bia Moreira" {
			t.Errorf("the cursor is in %q", p.Focus())
		}
		p.Send("Criar acesso", "E-mail", "bia@example.com", "Papel", "Artista").Is(200, "/acesso").Says("Acesso de Bia Moreira criado.", "só uma vez", "link em aberto")
		link := linkOn(t, p, b.base)
		if p.Open("/acesso"); strings.Contains(p.Text(), "/convite/") {
			t.Error("the link is shown again")
		}
		bia := webtest.NewPerson(t, b.base)
		bia.Open(link).Says("Olá, Bia Moreira").Send("Entrar", "Senha", "curta").Is(422, link).Says("de 10 a 200 letras")
		bia.Send("Entrar", "Senha", password).Is(200, "/").Says("Bia Moreira")
		bia.Open("/acesso").Is(403, "/acesso").Says("Você não tem acesso a esta página")
		bia.Open(link).Is(410, link)
		webtest.NewPerson(t, b.base).Open(link+"x").Is(410, link+"x")

		// A new link ends the one before, and with it her password changes.
		p.Open("/acesso").Send("Novo link: Bia Moreira")
		first := linkOn(t, p, b.base)
		p.Send("Novo link: Bia Moreira")
		second := linkOn(t, p, b.base)
		webtest.NewPerson(t, b.base).Open(first).Is(410, first)
		again := webtest.NewPerson(t, b.base)
		again.Open(second).Send("Entrar", "Senha", "four other words here").Is(200, "/")
		bia.Open("/").Is(200, "/login?next=%2F")

		p.Open("/acesso").Send("Tirar o acesso: Bia Moreira").Says("Bia Moreira não entra mais.", "sem acesso")
		again.Open("/").Is(200, "/login?next=%2F")
		p.Send("Devolver o acesso: Bia Moreira").Says("pode entrar de novo")
		again.Open("/").Is(200, "/login?next=%2F")
	})
}

// An artist of the first steps who gets a way in stays the one artist.
func TestAn_artist_who_gets_access_stays_one(t *testing.T) {
	both(t, func(t *testing.T, b *browser, db *storetest.DB) {
		p := owner(t, b)
		p.Open("/comecar?passo=artista").Send("Continuar", "Nome", "Bia Moreira", "Comissão %", "60")
		p.Open("/acesso").Send("Criar acesso", "Nome", "bia moreira", "E-mail", "bia@example.com").Says("já estava entre os artistas")
		if all := users(t, db.Store); len(all) != 2 || all[1].Email != "bia@example.com" {
			t.Errorf("%v", all)
		}
		p.Send("Criar acesso", "Nome", "Bia Moreira", "E-mail", "outra@example.com").Says("Acesso de Bia Moreira criado.")
		if all := users(t, db.Store); len(all) != 3 {
			t.Errorf("%v", all)
		}
	})
}

// linkOn returns the one-time link that a page shows, as a path.
func linkOn(t *testing.T, p *webtest.Person, base string) string {
	t.Helper()
	_, link, ok := strings.Cut(p.Text(), base)
	if !ok {
		t.Fatalf("there is no link: %s", p.Text())
	}
	return strings.Fields(link)[0]
}

func TestThe_last_admin_stays(t *testing.T) {
	both(t, func(t *testing.T, b *browser, db *storetest.DB) {
		p := owner(t, b)
		rafa := ""
		for _, u := range users(t, db.Store) {
			if u.Name == "Rafa Nogueira" {
				rafa = fmt.Sprint(u.ID)
			}
		}
		before := users(t, db.Store)
		b.client = p.Client
		status, _, text := b.post("/acesso/pessoas/"+rafa, "desativar", "1", "chave", "k1")
		if status != 422 || !strings.Contains(text, "última pessoa que administra") {
			t.Errorf("%d %s", status, text)
		}
		if status, _, _ := b.post("/acesso/pessoas/999", "desativar", "1", "chave", "k2"); status != 422 {
			t.Errorf("the account of programs: %d", status)
		}
		for i, u := range users(t, db.Store) {
			if u != before[i] {
				t.Errorf("%v became %v", before[i], u)
			}
		}
		p.Open("/acesso").Says("Rafa Nogueira")
		p.Send("Criar acesso", "Nome", "Lia", "E-mail", "lia@example.com", "Papel", "Administração")
		link := linkOn(t, p, b.base)
		if status, _, _ := b.post("/acesso/pessoas/"+rafa, "desativar", "1", "chave", "k3"); status != 422 {
			t.Errorf("Lia has no password yet: %d", status)
		}
		lia := webtest.NewPerson(t, b.base)
		lia.Open(link).Send("Entrar", "Senha", password)
		lia.Open("/acesso").Send("Tirar o acesso: Rafa Nogueira").Says("Rafa Nogueira não entra mais.")
		p.Open("/acesso").Is(200, "/login?next=%2Facesso")
	})
}

func TestA_token_is_shown_once_and_revoked(t *testing.T) {
	both(t, func(t *testing.T, b *browser, _ *storetest.DB) {
		p := owner(t, b)
		p.Open("/acesso").Send("Criar token", "Nome", "Rede de segurança").Is(422, "").Says("Marque o que o token pode fazer.")
		p.Send("Criar token", "ler os livros", "1").Is(200, "/acesso").Says("só uma vez", "Token Rede de segurança criado.")
		_, token, _ := strings.Cut(p.Text(), "eyJ")
		token = "eyJ" + strings.Fields(token)[0]
		if p.Open("/acesso"); strings.Contains(p.Text(), "eyJ") {
			t.Error("the token is shown again")
		}
		b.client = &http.Client{}
		if status, _ := b.send("GET", "/api/v1/months", "", "Authorization", "Bearer "+token); status == 401 {
			t.Errorf("the token is good for nothing: %d", status)
		}
		p.Send("Revogar: Rede de segurança").Says("Token Rede de segurança revogado.", "revogado")
		if status, _ := b.send("GET", "/api/v1/months", "", "Authorization", "Bearer "+token); status != 401 {
			t.Errorf("the token was revoked: %d", status)
		}
	})
}

func TestA_form_takes_effect_once(t *testing.T) {
	both(t, func(t *testing.T, b *browser, db *storetest.DB) {
		p := owner(t, b)
		p.Open("/acesso")
		first, second, other := *p, *p, *p // the same page in three tabs
		fields := []string{"Nome", "Bia Moreira", "E-mail", "bia@example.com"}
		first.Send("Criar acesso", fields...).Is(200, "/acesso")
		link := linkOn(t, &first, b.base)
		second.Send("Criar acesso", fields...).Is(200, "/acesso").Says("Acesso de Bia Moreira criado.")
		if again := linkOn(t, &second, b.base); again != link {
			t.Errorf("the second send made another link")
		}
		other.Send("Criar acesso", "Nome", "Caio Tanaka", "E-mail", "caio@example.com").Is(422, "").Says("Já registrado: Bia Moreira. Registrar este também?")
		if n := len(users(t, db.Store)); n != 2 {
			t.Errorf("%d users", n)
		}
		other.Send("Criar acesso").Is(200, "/acesso").Says("Acesso de Caio Tanaka criado.")
		if n := len(users(t, db.Store)); n != 3 {
			t.Errorf("%d users", n)
		}
	})
}

func TestA_lost_login_loses_nothing_that_was_typed(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	p.Open("/acesso")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Client.Jar = jar
	hostile := `Zoé "<script>" ` + strings.Repeat("💀", 60)
	p.Send("Criar acesso", "Nome", hostile, "E-mail", "zoe@example.com", "Papel", "Recepção")
	if p.Answered != 401 {
		t.Errorf("answered %d", p.Answered)
	}
	p.Says("o que você digitou está guardado")
	p.Send("Entrar", "E-mail", "rafa@example.com", "Senha", "wrong horse battery").Is(401, "/login").Says("incorretos")
	p.Send("Entrar", "Senha", password).Is(200, "/login").Says("Ainda não foi registrado", hostile, "zoe@example.com")
	p.Send("Enviar agora").Is(200, "/acesso").Says("Acesso de "+hostile, "Recepção")
}

func TestA_kept_form_goes_nowhere_else(t *testing.T) {
	b := open(t)
	b.client = owner(t, b).Client
	for _, action := range []string{"https://evil.example/x", "//evil.example", "javascript:alert(1)", ""} {
		kept := base64.RawURLEncoding.EncodeToString([]byte(`{"a":"` + action + `","v":{"nome":["x"]}}`))
		status, to, text := b.post("/login", "email", "rafa@example.com", "password", password, "guardado", kept)
		if status != 303 && status != 429 || to != "/" && status == 303 || strings.Contains(text, action) && action != "" {
			t.Errorf("%s: %d %s %s", action, status, to, text)
		}
	}
}

func TestErrors_are_pages_for_people_and_JSON_for_programs(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	for path, status := range map[string]int{"/nada": 404, "/convite/x": 410, "/setup?key=x": 410} {
		p.Open(path).Is(status, path)
	}
	for _, form := range []string{strings.Repeat("a", 9<<10), strings.Repeat("a", 70<<10)} {
		status, header := b.send("POST", "/login", "email="+form, "Accept", "text/html")
		if status != 413 || header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%d %v", status, header)
		}
	}
	status, header := b.send("POST", "/acesso/tokens", "nome=x", "Accept", "text/html", "Origin", "https://evil.example")
	if status != 403 || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", status, header)
	}
	for _, path := range []string{"/nada", "/api/v1/nada", "/static/nada"} {
		status, header := b.send("GET", path, "", "Accept", "*/*")
		if status != 404 || !strings.Contains(header.Get("Content-Type"), "json") {
			t.Errorf("%s: %d %v", path, status, header)
		}
	}
}

func TestLook_and_language_are_kept_on_the_device(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	p.Open("/acesso?x=1").Send("English").Is(200, "/acesso?x=1").Says("People", "Create access")
	p.Send("Dark").Is(200, "/acesso?x=1")
	if p.Send("Português"); p.Status != 200 {
		t.Error(p.Status)
	}
	p.Says("Pessoas")
	status, to, _ := b.post("/preferencias", "tema", "escuro", "volta", "https://evil.example")
	if status != 303 || to != "/" {
		t.Errorf("%d %s", status, to)
	}
	p.Open("/atalhos").Send("Desligar as teclas").Says("Ligar as teclas")
}

func TestThe_undo_of_another_person_is_not_there(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	b.client = p.Client
	for _, id := range []string{"1", "x", "99999999999999999999", "-1"} {
		if status, _, text := b.post("/desfazer/"+id, "volta", "/"); status != 404 {
			t.Errorf("%s: %d %s", id, status, text)
		}
	}
}

// An admin takes back what anybody did, the reception only what it did itself.
func TestWho_may_undo_what(t *testing.T) {
	both(t, func(t *testing.T, b *browser, db *storetest.DB) {
		p := owner(t, b)
		p.Open("/acesso").Send("Criar acesso", "Nome", "Rita", "E-mail", "rita@example.com", "Papel", "Recepção")
		rita := webtest.NewPerson(t, b.base)
		rita.Open(linkOn(t, p, b.base)).Send("Entrar", "Senha", password).Is(200, "")
		all := users(t, db.Store)
		made := func(by store.User) (change string, exists func() bool) {
			rules := &recording.Recorder{Store: db.Store, Now: time.Now}
			var d recording.Done
			err := db.Store.Write(t.Context(), func(tx *store.Tx) (err error) {
				d, err = rules.AddClient(t.Context(), tx, books.Actor(fmt.Sprintf("user %d", by.ID)), books.Client{Name: "Duda"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(d.Change), func() (there bool) {
				err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
					clients, err := tx.LiveByID(t.Context(), books.ClientKind, []books.ID{d.ID})
					there = clients[d.ID] != nil
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return there
			}
		}
		press := func(who *webtest.Person, change string) int {
			b.client = who.Client
			status, _, _ := b.post("/desfazer/"+change, "volta", "/")
			return status
		}
		owners, there := made(all[0])
		if status := press(rita, owners); status != 404 || !there() {
			t.Errorf("the reception undoes what the owner did: %d", status)
		}
		for range 2 { // a double click
			if status := press(p, owners); status != 303 || there() {
				t.Errorf("the owner: %d", status)
			}
			if p.Open("/acesso").Says("Desfeito."); strings.Contains(p.Open("/acesso").Text(), "Desfeito.") {
				t.Error("the line is said again")
			}
		}
		ritas, there := made(all[1])
		if status := press(rita, ritas); status != 303 || there() {
			t.Errorf("the reception's own: %d", status)
		}
	})
}
