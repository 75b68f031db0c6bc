package web

// textsPtArtists are the words of the pages of artists and their commissions.
var textsPtArtists = map[string]string{
	// Commissions.
	"commission in short": "%s de %s, %s %% de %s", "commission unpaired": "%s de %s, sem pagamento", "open payment": "Abrir o pagamento",
	"percent above zero": "A comissão precisa ser maior que zero. Para não haver nenhuma, exclua.",
	"error no_payment":   "Sem pagamento em aberto não dá para calcular: deixe a porcentagem como está.",

	// Artists.
	"create artist": "Criar artista", "artist made": "%s entrou nos artistas.", "artist inactive": "inativo", "tattoos too": "Quem mais tatua?", "tattoos now": "%s agora está entre os artistas.",
	"make inactive": "Inativar", "make active": "Reativar", "artist gone": "%s saiu das listas de escolha. Os lançamentos ficam.", "artist back": "%s voltou às listas de escolha.",
	"field desde": "A partir de", "default percent": "Comissão padrão", "default percent text": "vale para pagamentos desse dia em diante",
	"term from": "A partir de %s", "term ever": "Desde o começo", "term now": "hoje", "percent set": "%s %% para %s a partir de %s.", "access of artist": "um link para escolher a senha, que você manda como quiser",
}
