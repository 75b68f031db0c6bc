package books

import (
	"fmt"
	"slices"
)

// Row is one row of the books.
type Row interface {
	Kind() Kind
	// Key returns the row's id; of a link, the session's.
	Key() ID
	// AppendValues appends pointers to the columns, in the order of Kind().Columns().
	AppendValues(vs []Value) []Value
	// AppendCopies appends pointers to the copies, in the order of Kind().Copies().
	AppendCopies(vs []Value) []Value
}

// Payment is a row of pagamentos. ClientName, ArtistName and SessionDate are
// copies from the rows it refers to, for people.
type Payment struct {
	ID                   ID
	Date                 Day
	Amount               Money
	Method               String
	Note                 Text
	Commission           NullMoney // never used by v4
	ClientID             Ref
	ArtistID             ID
	SessionID            Ref
	GoogleEventID        Text
	CreatedAt, UpdatedAt NullInstant

	ClientName, ArtistName Text
	SessionDate            NullDay
	Deposit                Mark // made before its session, on account of it; kept in deposits
}

// Session is a row of sessoes: a tattoo session.
type Session struct {
	ID                   ID
	Date                 Day
	Time                 Text // sessoes.hora of older databases
	Amount               Money
	Note                 Text
	ClientID             ID
	ArtistID             ID
	GoogleEventID        Text
	Status               Text // NULL only in older databases
	PaymentID            Ref
	CreatedAt, UpdatedAt NullInstant

	ClientName, ArtistName Text
}

// Commission is a row of comissoes. ClientName, PaymentAmount and PaymentDate
// are copies from its payment.
type Commission struct {
	ID        ID
	PaymentID Ref
	ArtistID  ID
	Percent   Percent
	Amount    Money
	Note      Text
	CreatedAt NullInstant

	ClientName, ArtistName Text
	PaymentAmount          NullMoney
	PaymentDate            NullDay
}

// Expense is a row of gastos.
type Expense struct {
	ID                   ID
	Date                 Day
	Amount               Money
	Description          Text
	Method               String
	CreatedBy            ID
	CreatedAt, UpdatedAt NullInstant

	Category    Text // v4 writes it, always null
	CreatorName Text
}

// Link is the payment id of a session that stays live while its payment
// leaves.
type Link struct {
	SessionID ID
	PaymentID ID
}

// StayingSession identifies a session that stays live while a payment for it
// leaves, by its constant values. It is never restored.
type StayingSession struct {
	ID        ID
	Date      Day
	ClientID  ID
	ArtistID  ID
	CreatedAt NullInstant
}

// Client is a row of clients.
type Client struct {
	ID                   ID
	Name                 String
	JotformID            Text
	CreatedAt, UpdatedAt NullInstant
}

// Artist is a row of users without its login columns.
type Artist struct {
	ID                   ID
	Email                Text
	Name                 String
	Role                 String
	CreatedAt, UpdatedAt NullInstant
}

// NullDay is a day or NULL.
type NullDay = Null[Day, *Day]

// Kind, Key, AppendValues and AppendCopies make the rows Rows.
func (*Payment) Kind() Kind        { return PaymentKind }
func (*Session) Kind() Kind        { return SessionKind }
func (*Commission) Kind() Kind     { return CommissionKind }
func (*Expense) Kind() Kind        { return ExpenseKind }
func (*Link) Kind() Kind           { return LinkKind }
func (*StayingSession) Kind() Kind { return StayingKind }
func (*Client) Kind() Kind         { return ClientKind }
func (*Artist) Kind() Kind         { return ArtistKind }

func (r *Payment) Key() ID        { return r.ID }
func (r *Session) Key() ID        { return r.ID }
func (r *Commission) Key() ID     { return r.ID }
func (r *Expense) Key() ID        { return r.ID }
func (r *Link) Key() ID           { return r.SessionID }
func (r *StayingSession) Key() ID { return r.ID }
func (r *Client) Key() ID         { return r.ID }
func (r *Artist) Key() ID         { return r.ID }

func (r *Payment) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Date, &r.Amount, &r.Method, &r.Note, &r.Commission,
		&r.ClientID, &r.ArtistID, &r.SessionID, &r.GoogleEventID, &r.CreatedAt, &r.UpdatedAt)
}

func (r *Session) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Date, &r.Time, &r.Amount, &r.Note, &r.ClientID, &r.ArtistID,
		&r.GoogleEventID, &r.Status, &r.PaymentID, &r.CreatedAt, &r.UpdatedAt)
}

func (r *Commission) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.PaymentID, &r.ArtistID, &r.Percent, &r.Amount, &r.Note, &r.CreatedAt)
}

func (r *Expense) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Date, &r.Amount, &r.Description, &r.Method, &r.CreatedBy, &r.CreatedAt, &r.UpdatedAt)
}

func (r *Link) AppendValues(vs []Value) []Value { return append(vs, &r.SessionID, &r.PaymentID) }

func (r *StayingSession) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Date, &r.ClientID, &r.ArtistID, &r.CreatedAt)
}

func (r *Client) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Name, &r.JotformID, &r.CreatedAt, &r.UpdatedAt)
}

func (r *Artist) AppendValues(vs []Value) []Value {
	return append(vs, &r.ID, &r.Email, &r.Name, &r.Role, &r.CreatedAt, &r.UpdatedAt)
}

func (r *Payment) AppendCopies(vs []Value) []Value {
	return append(vs, &r.ClientName, &r.ArtistName, &r.SessionDate, &r.Deposit)
}

func (r *Session) AppendCopies(vs []Value) []Value { return append(vs, &r.ClientName, &r.ArtistName) }

func (r *Commission) AppendCopies(vs []Value) []Value {
	return append(vs, &r.ArtistName, &r.ClientName, &r.PaymentAmount, &r.PaymentDate)
}

func (r *Expense) AppendCopies(vs []Value) []Value      { return append(vs, &r.Category, &r.CreatorName) }
func (*Link) AppendCopies(vs []Value) []Value           { return vs }
func (*StayingSession) AppendCopies(vs []Value) []Value { return vs }
func (*Client) AppendCopies(vs []Value) []Value         { return vs }
func (*Artist) AppendCopies(vs []Value) []Value         { return vs }

// Describe names a row for a person: "pagamento 17".
func Describe(r Row) string { return fmt.Sprintf("%s %d", r.Kind(), r.Key()) }

// Equal reports whether a and b are of one kind and hold the same values.
func Equal(a, b Row) bool { return slices.Equal(appendRow(nil, a), appendRow(nil, b)) }

// Highest holds for each kind of row the highest id of some rows, or named by
// them.
type Highest map[Kind]ID

// Add takes a row's own id and every id named in it.
func (h Highest) Add(row Row) {
	named := func(kind Kind, id Ref) {
		if id.Valid {
			h[kind] = max(h[kind], id.V)
		}
	}
	switch r := row.(type) {
	case *Payment:
		named(SessionKind, r.SessionID)
		named(ClientKind, r.ClientID)
		named(ArtistKind, RefTo(r.ArtistID))
	case *Session:
		named(PaymentKind, r.PaymentID)
		named(ClientKind, RefTo(r.ClientID))
		named(ArtistKind, RefTo(r.ArtistID))
	case *Commission:
		named(PaymentKind, r.PaymentID)
		named(ArtistKind, RefTo(r.ArtistID))
	case *Expense:
		named(ArtistKind, RefTo(r.CreatedBy))
	case *Link:
		named(SessionKind, RefTo(r.SessionID))
		named(PaymentKind, RefTo(r.PaymentID))
		return
	case *StayingSession:
		named(SessionKind, RefTo(r.ID))
		named(ClientKind, RefTo(r.ClientID))
		named(ArtistKind, RefTo(r.ArtistID))
		return
	}
	named(row.Kind(), RefTo(row.Key()))
}

// OwnedBy reports whether a row is an artist's: a payment, a session or a
// commission. A row without the artist's id, as in a statement of v4's, goes by
// the name, unless that is empty.
func OwnedBy(row Row, artist ID, name string) bool {
	var id ID
	var called Text
	switch r := row.(type) {
	case *Payment:
		id, called = r.ArtistID, r.ArtistName
	case *Session:
		id, called = r.ArtistID, r.ArtistName
	case *Commission:
		id, called = r.ArtistID, r.ArtistName
	}
	if id == 0 {
		return name != "" && called.Valid && string(called.V) == name
	}
	return id == artist
}

// ListDay returns the day by which a statement's list has the row: its own, a
// commission's the day of its payment. It is zero for a row without one.
func ListDay(row Row) Day {
	switch r := row.(type) {
	case *Payment:
		return r.Date
	case *Session:
		return r.Date
	case *Commission:
		return r.PaymentDate.V
	case *Expense:
		return r.Date
	}
	return 0
}
