package web

import "fmt"

// texts are all words of the pages, in Portuguese. The templates ask for them by
// name; a refusal of the books has its code for a name.
var texts = map[string]string{ //nolint:gosec // words about passwords
	"title":         "Extrato",
	"continue":      "Continuar",
	"hello":         "Olá,",
	"api":           "API",
	"jobs":          "Tarefas automáticas",
	"sign out":      "Sair",
	"sign in":       "Entrar",
	"by provider":   "Entrar com o provedor de login",
	"email":         "E-mail",
	"password":      "Senha",
	"signed in":     "Você entrou.",
	"set up":        "Primeiro acesso",
	"set-up why":    "Crie o login de quem administra o estúdio. Este link vale uma só vez.",
	"name":          "Nome",
	"new password":  "Senha (10 caracteres ou mais)",
	"create":        "Criar",
	"wrong":         "E-mail ou senha incorretos.",
	"limited":       "Muitas tentativas. Espere um pouco e tente de novo.",
	"forbidden":     "Você não tem acesso a esta página.",
	"broken":        "Algo deu errado. Tente de novo.",
	"away":          "O banco de dados não responde. Tente de novo daqui a pouco.",
	"no provider":   "Nenhum provedor de login está configurado.",
	"silent":        "O provedor de login não respondeu. Tente de novo ou entre com a senha.",
	"set-up over":   "Este link não vale mais. Reinicie o extrato para receber outro.",
	"weak_password": "A senha precisa ter de 10 a 200 caracteres. Quatro palavras sem relação formam uma boa senha.",
	"invalid_email": "Isto não é um endereço de e-mail.",
	"invalid_name":  "Escreva um nome de até 100 caracteres.",
	"email_taken":   "Este e-mail já é usado por outra pessoa.",
}

// text returns the words of a name. It fails if there are none, so that a page
// never shows a gap.
func text(name string) (string, error) {
	words, ok := texts[name]
	if !ok {
		return "", fmt.Errorf("the pages have no words for %q", name)
	}
	return words, nil
}
