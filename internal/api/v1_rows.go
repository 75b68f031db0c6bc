package api

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The rows as /api/v1 shows them and takes them. Copies of another row's values
// (client_name, …) are shown and never taken.

type paymentInput struct {
	Date              string      `json:"date" format:"date" example:"2025-10-28" doc:"The day of the payment. Its month must be open."`
	Amount            amountText  `json:"amount" example:"450.00"`
	Method            string      `json:"method" minLength:"1" maxLength:"50" example:"Pix" doc:"Dinheiro, Pix, Cartão de Crédito, Cartão de Débito, Outros, or any other text."`
	ArtistID          rowID       `json:"artist_id" example:"3"`
	ClientID          *rowID      `json:"client_id,omitempty" nullable:"true" example:"7"`
	SessionID         *rowID      `json:"session_id,omitempty" nullable:"true" doc:"The session paid. It points back at this payment and becomes paid; an earlier payment, a deposit, keeps its own link."`
	Note              *string     `json:"note,omitempty" nullable:"true" maxLength:"255"`
	GoogleEventID     *string     `json:"google_event_id,omitempty" nullable:"true" maxLength:"100" doc:"No two payments may have the same."`
	CommissionPercent *string     `json:"commission_percent,omitempty" nullable:"true" pattern:"^(-?[0-9]{1,3}([.][0-9]{1,2})?)?$" maxLength:"7" example:"60.00" doc:"Makes the artist's commission: amount × percent / 100, half a centavo rounded up. Left out or null: a new payment takes the artist's default of that day, an existing one keeps its commissions. Blank, or 0 or less, makes none; above 100 is refused, and so is a percent for a split commission."`
	Client            *string     `json:"client,omitempty" nullable:"true" maxLength:"255" example:"Maria Silva" doc:"A client's name instead of client_id: trimmed and blind to case. An unknown one makes a client."`
	Deposit           bool        `json:"deposit,omitempty" doc:"A deposit for a session: session_id or new_session. While a session has received nothing but deposits, and less than its price, it stays live when they leave with their month."`
	NewSession        *newSession `json:"new_session,omitempty" doc:"Of a deposit without session_id: the session to be made, for the payment's client and artist."`
	Confirm           []string    `json:"confirm,omitempty" enum:"equal_payment,far_day,unusual_amount" maxItems:"3" doc:"What was asked about this payment and is meant like this: the codes of the questions of a 409."`
}

type newSession struct {
	Date   string     `json:"date" format:"date" example:"2025-11-12"`
	Amount amountText `json:"amount" example:"800.00" doc:"Its price."`
}

type payment struct {
	ID            int64   `json:"id"`
	Date          string  `json:"date" format:"date"`
	Amount        string  `json:"amount" example:"450.00"`
	Method        string  `json:"method" example:"Pix"`
	Note          *string `json:"note"`
	ClientID      *int64  `json:"client_id"`
	ClientName    *string `json:"client_name"`
	ArtistID      int64   `json:"artist_id"`
	ArtistName    *string `json:"artist_name"`
	SessionID     *int64  `json:"session_id"`
	SessionDate   *string `json:"session_date"`
	Deposit       bool    `json:"deposit"`
	GoogleEventID *string `json:"google_event_id"`
	CreatedAt     *string `json:"created_at"`
	UpdatedAt     *string `json:"updated_at"`
}

type sessionInput struct {
	Date          string     `json:"date" format:"date" example:"2025-10-28"`
	Amount        amountText `json:"amount" example:"450.00"`
	ArtistID      rowID      `json:"artist_id" example:"3"`
	ClientID      *rowID     `json:"client_id,omitempty" nullable:"true" example:"7"`
	Client        *string    `json:"client,omitempty" nullable:"true" maxLength:"255" example:"Maria Silva" doc:"A client's name instead of client_id: trimmed and blind to case. An unknown one makes a client."`
	Status        *string    `json:"status,omitempty" nullable:"true" maxLength:"20" example:"active" doc:"active, paid or completed. Without it a new session is active, and an existing one keeps its status."`
	Note          *string    `json:"note,omitempty" nullable:"true" maxLength:"255"`
	GoogleEventID *string    `json:"google_event_id,omitempty" nullable:"true" maxLength:"100" doc:"No two sessions may have the same."`
}

// session is a row with what was received for it.
type session struct {
	SessionRow
	Received  string          `json:"received" example:"200.00" doc:"Over all months."`
	Owed      string          `json:"owed" example:"250.00" doc:"What is still expected: 0.00 for a completed session."`
	Situation books.Situation `json:"situation" enum:"completed,unpriced,unpaid,only_deposit,partly_paid,paid,overpaid" doc:"What the receipts make of it. v4's status alone says paid with the first payment."`
	Receipts  []receipt       `json:"receipts" doc:"The payments for it over all months, by day."`
}

type receipt struct {
	PaymentID int64   `json:"payment_id"`
	Date      string  `json:"date" format:"date"`
	Amount    string  `json:"amount" example:"200.00"`
	Deposit   bool    `json:"deposit"`
	Statement *string `json:"statement" example:"2025-10" doc:"The month whose statement holds the payment; null: it is live."`
}

// SessionRow is a row of sessoes.
type SessionRow struct {
	ID            int64   `json:"id"`
	Date          string  `json:"date" format:"date"`
	Time          *string `json:"time" doc:"Only where an older database of v4's kept one."`
	Amount        string  `json:"amount" example:"450.00"`
	Status        *string `json:"status" example:"paid"`
	Note          *string `json:"note"`
	ClientID      int64   `json:"client_id"`
	ClientName    *string `json:"client_name"`
	ArtistID      int64   `json:"artist_id"`
	ArtistName    *string `json:"artist_name"`
	PaymentID     *int64  `json:"payment_id" doc:"Its latest payment."`
	GoogleEventID *string `json:"google_event_id"`
	CreatedAt     *string `json:"created_at"`
	UpdatedAt     *string `json:"updated_at"`
}

type newCommission struct {
	PaymentID rowID       `json:"payment_id" example:"12"`
	ArtistID  *rowID      `json:"artist_id,omitempty" nullable:"true" doc:"The payment's artist, if left out."`
	Percent   percentText `json:"percent" example:"60.00" doc:"Above 0, at most 100. The amount is computed from it."`
	Note      *string     `json:"note,omitempty" nullable:"true" maxLength:"255"`
}

type commissionInput struct {
	ArtistID rowID       `json:"artist_id"`
	Percent  percentText `json:"percent" example:"60.00" doc:"Above 0, at most 100. The amount is computed from it."`
	Note     *string     `json:"note,omitempty" nullable:"true" maxLength:"255"`
}

type commission struct {
	ID            int64   `json:"id"`
	PaymentID     *int64  `json:"payment_id"`
	PaymentDate   *string `json:"payment_date"`
	PaymentAmount *string `json:"payment_amount"`
	ArtistID      int64   `json:"artist_id"`
	ArtistName    *string `json:"artist_name"`
	ClientName    *string `json:"client_name"`
	Percent       string  `json:"percent" example:"60.00"`
	Amount        string  `json:"amount" example:"270.00"`
	Note          *string `json:"note"`
	CreatedAt     *string `json:"created_at"`
}

type expenseInput struct {
	Date        string     `json:"date" format:"date" example:"2025-10-28" doc:"Its month must be open."`
	Amount      amountText `json:"amount" example:"33.33" doc:"Above 0."`
	Method      string     `json:"method" minLength:"1" maxLength:"50" example:"Pix"`
	Description string     `json:"description" minLength:"1" maxLength:"255" example:"Tinta"`
	Category    *string    `json:"category,omitempty" nullable:"true" maxLength:"50" example:"Material" doc:"A known one is found blind to case and accents. Statements call expenses without one Outros."`
}

type expense struct {
	ID            int64   `json:"id"`
	Date          string  `json:"date" format:"date"`
	Amount        string  `json:"amount" example:"33.33"`
	Method        string  `json:"method"`
	Description   *string `json:"description"`
	Category      *string `json:"category"`
	CreatedBy     int64   `json:"created_by" doc:"The user recording it."`
	CreatedByName *string `json:"created_by_name"`
	CreatedAt     *string `json:"created_at"`
	UpdatedAt     *string `json:"updated_at"`
}

type clientInput struct {
	Name      string  `json:"name" minLength:"1" maxLength:"255" example:"Maria Silva"`
	JotformID *string `json:"jotform_submission_id,omitempty" nullable:"true" maxLength:"100" doc:"No two clients may have the same."`
}

type client struct {
	ID         int64   `json:"id"`
	Name       string  `json:"name"`
	JotformID  *string `json:"jotform_submission_id"`
	MergedInto *int64  `json:"merged_into" doc:"The client into whom this one was merged, and who has the rows by now."`
	CreatedAt  *string `json:"created_at"`
	UpdatedAt  *string `json:"updated_at"`
}

type artistInput struct {
	Name   string  `json:"name" minLength:"1" maxLength:"100" example:"Ana"`
	Email  *string `json:"email,omitempty" nullable:"true" maxLength:"100" pattern:"^[^@\\s]+@[^@\\s]+$" example:"ana@studio.example"`
	Active *bool   `json:"active,omitempty" nullable:"true" doc:"Whether the artist may sign in; true if left out."`
}

type artist struct {
	ID        int64   `json:"id"`
	Name      string  `json:"name"`
	Email     *string `json:"email"`
	Active    bool    `json:"active"`
	Role      string  `json:"role" example:"artist"`
	Tattoos   bool    `json:"tattoos" doc:"Works as an artist beside another role."`
	CreatedAt *string `json:"created_at"`
	UpdatedAt *string `json:"updated_at"`
}

func paymentOf(row books.Row) payment {
	r := row.(*books.Payment)
	return payment{
		ID: int64(r.ID), Date: r.Date.String(), Amount: r.Amount.String(), Method: string(r.Method), Note: text(&r.Note),
		ClientID: ref(r.ClientID), ClientName: text(&r.ClientName), ArtistID: int64(r.ArtistID), ArtistName: text(&r.ArtistName),
		SessionID: ref(r.SessionID), SessionDate: text(&r.SessionDate), Deposit: bool(r.Deposit), GoogleEventID: text(&r.GoogleEventID),
		CreatedAt: text(&r.CreatedAt), UpdatedAt: text(&r.UpdatedAt),
	}
}

func sessionOf(row books.Row) session { return session{SessionRow: sessionRowOf(row.(*books.Session))} }

// addReceipts adds what was received for sessions.
func addReceipts(ctx context.Context, tx *store.Tx, rows []books.Row, list []session) error {
	ids := make([]books.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.Key()
	}
	all, err := tx.Receipts(ctx, ids)
	for i, row := range rows {
		s, received := row.(*books.Session), all[row.Key()]
		list[i].Received, list[i].Owed, list[i].Situation = received.Sum().String(), s.Owed(received.Sum()).String(), s.Situation(received)
		list[i].Receipts = []receipt{}
		for _, r := range received {
			one := receipt{PaymentID: int64(r.Payment), Date: r.Day.String(), Amount: r.Amount.String(), Deposit: r.Deposit}
			if !r.Month.IsZero() {
				month := r.Month.String()
				one.Statement = &month
			}
			list[i].Receipts = append(list[i].Receipts, one)
		}
	}
	return err
}

func sessionRowOf(r *books.Session) SessionRow {
	return SessionRow{
		ID: int64(r.ID), Date: r.Date.String(), Time: text(&r.Time), Amount: r.Amount.String(), Status: text(&r.Status), Note: text(&r.Note),
		ClientID: int64(r.ClientID), ClientName: text(&r.ClientName), ArtistID: int64(r.ArtistID), ArtistName: text(&r.ArtistName),
		PaymentID: ref(r.PaymentID), GoogleEventID: text(&r.GoogleEventID), CreatedAt: text(&r.CreatedAt), UpdatedAt: text(&r.UpdatedAt),
	}
}

func commissionOf(row books.Row) commission {
	r := row.(*books.Commission)
	return commission{
		ID: int64(r.ID), PaymentID: ref(r.PaymentID), PaymentDate: text(&r.PaymentDate), PaymentAmount: text(&r.PaymentAmount),
		ArtistID: int64(r.ArtistID), ArtistName: text(&r.ArtistName), ClientName: text(&r.ClientName),
		Percent: r.Percent.String(), Amount: r.Amount.String(), Note: text(&r.Note), CreatedAt: text(&r.CreatedAt),
	}
}

func expenseOf(row books.Row) expense {
	r := row.(*books.Expense)
	return expense{
		ID: int64(r.ID), Date: r.Date.String(), Amount: r.Amount.String(), Method: string(r.Method), Description: text(&r.Description), Category: text(&r.Category),
		CreatedBy: int64(r.CreatedBy), CreatedByName: text(&r.CreatorName), CreatedAt: text(&r.CreatedAt), UpdatedAt: text(&r.UpdatedAt),
	}
}

func clientOf(row books.Row) client {
	r := row.(*books.Client)
	return client{ID: int64(r.ID), Name: string(r.Name), JotformID: text(&r.JotformID), CreatedAt: text(&r.CreatedAt), UpdatedAt: text(&r.UpdatedAt)}
}

func artistOf(row books.Row) artist {
	r := row.(*books.Artist)
	return artist{ID: int64(r.ID), Name: string(r.Name), Email: text(&r.Email), CreatedAt: text(&r.CreatedAt), UpdatedAt: text(&r.UpdatedAt)}
}

// text shows a nullable value.
func text(v books.Value) *string {
	if v.Null() {
		return nil
	}
	s := string(v.AppendText(nil))
	return &s
}

func ref(r books.Ref) *int64 {
	if !r.Valid {
		return nil
	}
	id := int64(r.V)
	return &id
}

func refOf(id *rowID) books.Ref {
	if id == nil {
		return books.Ref{}
	}
	return books.RefTo(books.ID(*id))
}

func textOf(s *string) books.Text {
	if s == nil {
		return books.Text{}
	}
	return books.TextOf(*s)
}
