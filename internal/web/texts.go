package web

// texts are the words of the pages that are not in the templates.
var texts = map[string]string{ //nolint:gosec // words about passwords
	"sign in":       "Entrar",
	"signed in":     "Você entrou.",
	"set up":        "Primeiro acesso",
	"wrong":         "E-mail ou senha incorretos.",
	"limited":       "Muitas tentativas. Espere um pouco e tente de novo.",
	"forbidden":     "Você não tem acesso a esta página.",
	"broken":        "Algo deu errado. Tente de novo.",
	"no provider":   "Nenhum provedor de login está configurado.",
	"set-up over":   "Este link não vale mais. Reinicie o extrato para receber outro.",
	"weak_password": "A senha precisa ter de 10 a 200 caracteres. Quatro palavras sem relação formam uma boa senha.",
	"invalid_email": "Isto não é um endereço de e-mail.",
	"invalid_name":  "Escreva um nome de até 100 caracteres.",
	"email_taken":   "Este e-mail já é usado por outra pessoa.",
}
