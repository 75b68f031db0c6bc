package notify

import (
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
)

// Message is a notification: Portuguese first, then English.
type Message struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

func message(title string, lines ...string) Message {
	return Message{Title: title, Text: strings.Join(lines, "\n")}
}

// Done announces a month closed, revised, reopened or restored. It has numbers
// of rows, without names or amounts.
func Done(c books.ChainEntry) Message {
	if c.Action == books.Keyed {
		return message("Extrato: chave de assinatura trocada",
			fmt.Sprintf("A chave que assina o registro de fechamentos foi trocada (entrada %d). Se ninguém do estúdio pediu isso, confira o servidor.", c.Seq),
			fmt.Sprintf("The key that signs the chain of closings was replaced (entry %d). If nobody at the studio asked for it, check the server.", c.Seq),
			strings.Join(c.Remarks(), "\n"))
	}
	pt := map[books.Action]string{
		books.Closed: "fechado", books.Revised: "revisado", books.Reopened: "reaberto", books.Restored: "restaurado", books.Adopted: "adotado",
	}[c.Action]
	return message(fmt.Sprintf("Extrato %s: %s", c.Month, pt),
		fmt.Sprintf("O mês %s foi %s (revisão %d): %s.", c.Month, pt, c.Revision, c.Counts.Portuguese()),
		fmt.Sprintf("Month %s was %s (revision %d): %s.", c.Month, c.Action, c.Revision, c.Counts.English()),
		"Impressão digital / fingerprint: "+c.Fingerprint.String())
}

// WithHead returns the message with the chain's signed head at its end: a
// mailbox is out of the server's reach.
func (m Message) WithHead(checkpoint string) Message {
	m.Text += "\n\nRegistro assinado / signed head:\n" + checkpoint
	return m
}

// Failed announces a failed close, and the months waiting for it.
func Failed(month books.Month, cause *books.Error, waiting []books.Month, correlationID string) Message {
	pt, en := "", ""
	if len(waiting) > 0 {
		var names []string
		for _, m := range waiting {
			names = append(names, m.String())
		}
		list := strings.Join(names, ", ")
		pt, en = " Esperam por ele: "+list+".", " Waiting behind it: "+list+"."
	}
	lines := []string{
		fmt.Sprintf("O mês %s não pôde ser fechado. Nada foi alterado; o sistema vai tentar de novo sozinho.%s", month, pt),
		fmt.Sprintf("Month %s could not be closed. Nothing was changed; extrato tries again by itself.%s", month, en),
		fmt.Sprintf("Causa / cause: %s (%s)", cause.Message, cause.Code),
	}
	if cause.Hint != "" {
		lines = append(lines, "O que fazer / what to do: "+cause.Hint)
	}
	return message(fmt.Sprintf("Extrato %s: NÃO FECHADO", month), append(lines, "id: "+correlationID)...)
}

// Recovered announces the end of a failed close: the month is closed now, or no
// longer due. since is in the studio's time.
func Recovered(month books.Month, since time.Time) Message {
	return message(fmt.Sprintf("Extrato %s: resolvido", month),
		fmt.Sprintf("O problema com o mês %s, desde %s, está resolvido.", month, since.Format("02/01/2006 15:04")),
		fmt.Sprintf("The problem with month %s, since %s, is solved.", month, since.Format("2006-01-02 15:04")))
}

// Late announces live rows in a closed month.
func Late(month books.Month, n books.Counts) Message {
	return message(fmt.Sprintf("Extrato %s: lançamentos atrasados", month),
		fmt.Sprintf("Depois do fechamento de %s apareceram lançamentos desse mês: %s. Ficam guardados; para incluí-los: extrato close %s --force", month, n.Portuguese(), month),
		fmt.Sprintf("After %s was closed, rows of that month appeared: %s. They are kept; to take them in: extrato close %s --force", month, n.English(), month))
}

// LateBesideV4 tells the same where the statement is v4's.
func LateBesideV4(month books.Month, n books.Counts) Message {
	return message(fmt.Sprintf("Extrato %s: lançamentos atrasados", month),
		fmt.Sprintf("Há lançamentos de %s fora do extrato feito pela v4, que não pode ser revisado: %s. Mude a data deles para um mês em aberto, ou apague os que já estão no extrato.", month, n.Portuguese()),
		fmt.Sprintf("Rows of %s are live beside v4's statement, and it cannot be revised: %s. Move them to an open month, by their date, or delete those already in the statement.", month, n.English()))
}

// NotCopiedTo announces objects without a copy in a place. since is in the
// studio's time; why may be empty.
func NotCopiedTo(place string, n int, since time.Time, why string) Message {
	lines := []string{
		fmt.Sprintf("Desde %s há backups sem cópia conferida em %s (%d arquivos). Os meses fecham mesmo assim, e o sistema tenta de novo sozinho.", since.Format("02/01/2006 15:04"), place, n),
		fmt.Sprintf("Since %s backups have had no proved copy in %s (%d files). Months close all the same, and extrato tries again by itself.", since.Format("2006-01-02 15:04"), place, n),
	}
	if why != "" {
		lines = append(lines, "Causa / cause: "+why)
	}
	return message("Extrato: backups sem cópia fora", append(lines, "O que fazer / what to do: extrato backup copy")...)
}

// NotReadAgain announces copies in a place that were last read at some time, which
// is in the studio's zone.
func NotReadAgain(place string, since time.Time) Message {
	return message("Extrato: cópias de backup sem conferir",
		fmt.Sprintf("Em %s há cópias lidas pela última vez em %s. O sistema lê cada uma de 30 em 30 dias, mas não consegue.", place, since.Format("02/01/2006")),
		fmt.Sprintf("In %s some copies were last read on %s. Extrato reads each once in 30 days, but cannot.", place, since.Format("2006-01-02")),
		"O que fazer / what to do: extrato backup copy")
}

// CopyBad announces copies in another state than they were put in. holders name the
// other copies of the object.
func CopyBad(place, object, state string, n int, holders []string) Message {
	pt := map[string]string{"hidden": "está escondida", "missing": "sumiu", "corrupt": "foi trocada ou danificada"}[state]
	return message("Extrato: cópia de backup com problema",
		fmt.Sprintf("Em %s a cópia de %s %s (%d arquivos com problema). %s", place, object, pt, n, stillIn("O arquivo continua em ", holders, "Não se sabe de outro lugar com esse arquivo.")),
		fmt.Sprintf("In %s the copy of %s is %s (%d files in trouble). %s", place, object, state, n, stillIn("It is still in ", holders, "Nothing else is known to hold it.")),
		"O que fazer / what to do: extrato backup copy")
}

func stillIn(before string, holders []string, nowhere string) string {
	if len(holders) == 0 {
		return nowhere
	}
	return before + strings.Join(holders, ", ") + "."
}

// CopiesLost announces lost copies, made again by now.
func CopiesLost(place string, n int, example string) Message {
	return message("Extrato: cópias de backup sumiram e foram refeitas",
		fmt.Sprintf("Em %s sumiram cópias de backups (%d, como %s). Elas foram feitas de novo; descubra quem as apagou.", place, n, example),
		fmt.Sprintf("In %s copies of backups were gone (%d, such as %s). They were made again; find out who removed them.", place, n, example))
}

// CopiesAgain announces a place with every copy proved again.
func CopiesAgain(place string) Message {
	return message("Extrato: cópias de backup em dia",
		fmt.Sprintf("Todos os backups têm de novo uma cópia conferida em %s.", place),
		fmt.Sprintf("Every backup has a proved copy in %s again.", place))
}

// Silent announces a safety net not seen for some days.
func Silent(days int) Message {
	return message("Extrato: rede de segurança em silêncio",
		fmt.Sprintf("A rede de segurança não aparece há %d dias. Verifique se o agendamento dela ainda existe.", days),
		fmt.Sprintf("The safety net was not seen for %d days. Check that its schedule still exists.", days))
}

// SeenAgain announces the return of the safety net.
func SeenAgain() Message {
	return message("Extrato: rede de segurança de volta", "A rede de segurança voltou a aparecer.", "The safety net was seen again.")
}

// NotCopied announces failures to copy the whole database, since a time in the
// studio's zone.
func NotCopied(cause *books.Error, since time.Time) Message {
	reason := cause.Message
	if cause.Kind == books.Internal { // its words are for the log
		reason = "internal error"
	}
	lines := []string{
		fmt.Sprintf("Desde %s o banco de dados não é copiado por inteiro. O trabalho continua, mas o mês atual não tem cópia nova; o sistema vai tentar de novo sozinho.", since.Format("02/01/2006 15:04")),
		fmt.Sprintf("Since %s the whole database has not been copied. Work goes on, but the running month has no new copy; extrato tries again by itself.", since.Format("2006-01-02 15:04")),
		fmt.Sprintf("Causa / cause: %s (%s)", reason, cause.Code),
	}
	if cause.Hint != "" {
		lines = append(lines, "O que fazer / what to do: "+cause.Hint)
	}
	return message("Extrato: banco de dados SEM CÓPIA NOVA", lines...)
}

// CopiedAgain announces a copy of the whole database after failures.
func CopiedAgain() Message {
	return message("Extrato: banco de dados copiado de novo", "O banco de dados voltou a ser copiado por inteiro.", "The whole database is copied again.")
}

// DrillWrong announces a backup that did not give its statement again.
func DrillWrong(month books.Month, file, reason, next string) Message {
	return message(fmt.Sprintf("Extrato %s: teste de restauração com diferença", month),
		fmt.Sprintf("O backup de %s (%s) não devolve o extrato que foi fechado. Nada foi alterado: não apague nada.", month, file),
		fmt.Sprintf("The backup of %s (%s) does not give the statement that was closed. Nothing was changed: delete nothing.", month, file),
		"Causa / cause: "+reason, "O que fazer / what to do: "+next)
}

// DrillFailed announces a drill that could not run.
func DrillFailed(month books.Month, reason, next string) Message {
	lines := []string{
		fmt.Sprintf("O teste de restauração de %s não pôde ser feito. Nada foi alterado.", month),
		fmt.Sprintf("The drill of %s could not run. Nothing was changed.", month),
		"Causa / cause: " + reason,
	}
	if next != "" {
		lines = append(lines, "O que fazer / what to do: "+next)
	}
	return message(fmt.Sprintf("Extrato %s: teste de restauração não feito", month), lines...)
}

// DrillRight announces that a later drill found the backup right.
func DrillRight(month books.Month) Message {
	return message(fmt.Sprintf("Extrato %s: teste de restauração em ordem", month),
		fmt.Sprintf("O teste de restauração de %s não acusa mais nada.", month),
		fmt.Sprintf("The drill of %s finds nothing wrong any more.", month))
}
