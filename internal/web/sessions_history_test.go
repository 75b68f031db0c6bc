package web_test

import (
	"fmt"
	"strings"
	"testing"
)

// A session's history tells of its payments for as long as they are its own.
func TestThe_history_of_a_session_tells_of_corrections_of_its_payments(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		path := s.sits("Data", s.yesterday.String(), "Cliente", "Duda Falcão", "Valor", "900")
		other := s.sits("Data", s.yesterday.String(), "Cliente", "Duda Falcão", "Valor", "800")
		s.receives(path, "Valor", "300", "É sinal", "1")
		payment := fmt.Sprintf("/pagamentos/%d", s.db.Int(t, "SELECT max(id) FROM pagamentos"))
		p.Open(payment).Send("Salvar", "Valor", "310", "Observações", "pix").Is(200, "")
		p.Open(path).Says("Pagamento: R$ 300,00, " + s.today.People() + " → R$ 310,00, " + s.today.People())
		if strings.Contains(p.Open(other).Text(), "310") {
			t.Error("the other session tells of it too")
		}
		s.receives(other, "Valor", "120")
		p.Open(other).Says("Pagamento: R$ 120,00")
		p.Open(payment).Send("Excluir").Is(200, "")
		if p.Open(path).Says("Pagamento: R$ 310,00, " + s.today.People() + " → –"); strings.Contains(p.Text(), "120") {
			t.Error("it tells of another session's payment")
		}
	})
}
