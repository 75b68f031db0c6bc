package demo

import (
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
)

// artist is a tattoo artist with the agreed share.
type artist struct {
	books.Artist
	percent books.Percent
}

// makeArtists returns the owner, without commission, and the others.
func makeArtists(first books.Month, zone *time.Location) []*artist {
	joined := first.Start(zone).AddDate(-1, 0, 0)
	var all []*artist
	for i, a := range []struct {
		name, email string
		role        books.String
		percent     books.Percent
	}{
		{"Marina Couto", "marina@estudio.example", "admin", 0},
		{"Téo Brandão", "teo@estudio.example", "artist", 60_00},
		{"Iara Nogueira", "iara@estudio.example", "artist", 50_00},
		{`João "Jota" Peçanha`, "jota@estudio.example", "artist", 45_00},
		{"Yūki Tanaka", "yuki@estudio.example", "artist", 32_50},
	} {
		all = append(all, &artist{percent: a.percent, Artist: books.Artist{
			ID: books.ID(i + 1), Name: books.String(a.name), Email: books.TextOf(a.email), Role: a.role,
			CreatedAt: books.At(joined.AddDate(0, 0, 20*i)),
		}})
	}
	return all
}

func makeClients(first books.Month, zone *time.Location) []*books.Client {
	signed := first.Start(zone).AddDate(0, -6, 0)
	var all []*books.Client
	for i, name := range strings.Split(clientNames, "\n") {
		c := &books.Client{ID: books.ID(i + 1), Name: books.String(name), CreatedAt: books.At(signed.Add(time.Duration(i) * 61 * time.Hour))}
		if i%3 == 0 {
			c.JotformID = books.TextOf(fmt.Sprintf("demo-%06d", 100_000+37*i)) // came through the form
		}
		all = append(all, c)
	}
	return all
}

// clientNames: everyday names, and some to trip careless programs.
const clientNames = `Ana Clara Figueiredo
Beatriz Assunção
Caio Vasconcelos
Débora Antunes
Eduardo Ibáñez
Flávia D'Ávila
Gabriel Magalhães
Heloísa Prado
Inês Guimarães
José da Conceição
Kauê Araújo
Larissa Brandt
Murilo Sant'Anna
Natália Öztürk
Otávio Peixoto
Priscila Conceição
Quitéria Lôbo
Renata "Rê" Müller
Sérgio; o primo do Caio
Thaís Ångström
Ubiratã Guarani
Vitória Régia 🌺
Wesley Łukasik
Xênia Avelar
Zoë Cavalcânti
山田 花子
Dona Lourdes
Bruno & Bia (casal)
=Cauã=
Maria das Graças de Albuquerque e Silva`

var sessionNotes = []string{
	"Braço fechado, 2ª sessão",
	"Fine line no pulso",
	`Lettering: "só por hoje"`,
	"Cobertura (cover-up); trazer referência",
	"Retoque grátis até março",
	"Flash day ⚡",
	"Alérgica a látex!\nUsar luva nitrílica",
	"Rosa + bússola, antebraço",
	"Orçamento fechado pelo Insta 💜",
}

var paymentNotes = []string{
	"Parcelado em 3x",
	"Desconto de 10% p/ indicação",
	"Pagou a mais; troco na próxima",
	"-5% no Pix",
	"Comprovante no WhatsApp 📲",
	"Inclui retoque",
}

var goods = []struct {
	name  string
	price books.Money
}{
	{"Piercing no nariz", 120_00},
	{"Joia de titânio", 90_00},
	{"Vale-presente 🎁", 200_00},
	{"Pomada cicatrizante", 45_00},
	{`Print A3 "Onça-pintada"`, 70_00},
}

// costs are a month's expenses: on a fixed day, or on any.
var costs = []struct {
	name     string
	category books.String
	price    books.Money
	method   books.String
	day      int
	varies   bool
	chance   int // in percent
}{
	{"Aluguel", "Aluguel", 3_200_00, "Pix", 5, false, 100},
	{"Luz", "Contas", 380_00, "Cartão de Débito", 12, true, 100},
	{"Água", "Contas", 96_00, "Cartão de Débito", 14, true, 100},
	{"Internet", "Contas", 119_90, "Cartão de Crédito", 10, false, 100},
	{"Contador", "Impostos", 350_00, "Pix", 20, false, 100},
	{"Descarte de resíduos (coleta infectante)", "Material", 145_00, "Pix", 18, false, 100},
	{"Tintas", "Material", 420_00, "", 0, true, 90},
	{"Agulhas e cartuchos", "Material", 310_00, "", 0, true, 95},
	{"Luvas nitrílicas, papel-toalha e filme", "Material", 180_00, "", 0, true, 90},
	{"Anúncios no Instagram 📣", "Divulgação", 150_00, "Cartão de Crédito", 0, true, 60},
	{"Café & biscoitos", "", 64_00, "Dinheiro", 0, true, 80},
	{`Manutenção da máquina "rotativa"`, "Equipamento", 220_00, "", 0, true, 25},
	{"Faxina", "Limpeza", 160_00, "Dinheiro", 0, true, 70},
}
