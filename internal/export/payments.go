package export

import (
	"encoding/csv"
	"io"

	"extrato/internal/books"
)

// PaymentLine is a payment of a list with the sum of its commissions.
type PaymentLine struct {
	*books.Payment
	Commission books.Money
}

// WritePayments writes a list of payments for a spreadsheet, in the form of
// WriteCSV: days as 2025-10-28, amounts as 450.00, texts inert. The columns have
// v4's names; without commissions theirs is left out.
func WritePayments(w io.Writer, lines []PaymentLine, commissions bool) error {
	out := csv.NewWriter(w)
	write := func(fields []string, commission string) error {
		if commissions {
			fields = append(fields, commission)
		}
		return out.Write(fields)
	}
	if err := write([]string{"id", "data", "valor", "forma_pagamento", "artista_name", "cliente_name", "sessao_data", "sinal", "observacoes"}, "comissao"); err != nil {
		return err
	}
	for _, l := range lines {
		deposit := ""
		if l.Deposit {
			deposit = "true"
		}
		err := write([]string{
			number(l.ID), l.Date.String(), l.Amount.String(), inert(string(l.Method)), cell(l.ArtistName), cell(l.ClientName),
			plain(&l.SessionDate), deposit, cell(l.Note),
		}, l.Commission.String())
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
