package api

import (
	"context"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// The input and actions of each kind of row; the rules are in package
// recording.

// dayAndAmount reads the two values common to most rows.
func dayAndAmount(date string, amount amountText) (books.Day, books.Money, error) {
	day, err := books.ParseDay(date)
	if err != nil {
		return 0, 0, err
	}
	money, err := books.ParseMoney(string(amount))
	return day, money, err
}

func percentOf(text percentText) (books.Percent, error) {
	var p books.Percent
	if err := p.Parse([]byte(text)); err != nil {
		return 0, books.Invalidf("invalid_percent", "a percentage is a decimal number such as 60.00").WithHint("send it as a string, with at most two decimals")
	}
	return p, nil
}

// entry reads the input of a POST and a PUT.
func (in paymentInput) entry(id books.ID) (e recording.Entry, err error) {
	e.Confirmed = in.Confirm
	e.Payment = books.Payment{
		ID: id, Method: books.String(in.Method), Note: textOf(in.Note), ClientID: refOf(in.ClientID), ArtistID: books.ID(in.ArtistID),
		SessionID: refOf(in.SessionID), GoogleEventID: textOf(in.GoogleEventID), Deposit: books.Mark(in.Deposit),
	}
	if e.Date, e.Amount, err = dayAndAmount(in.Date, in.Amount); err != nil {
		return e, err
	}
	if in.Client != nil {
		e.Client = *in.Client
	}
	if in.CommissionPercent != nil {
		var percent books.Percent // blank: none
		if *in.CommissionPercent != "" {
			if percent, err = percentOf(percentText(*in.CommissionPercent)); err != nil {
				return e, err
			}
		}
		e.Percent = &percent
	}
	if in.NewSession != nil {
		e.Session = &recording.NewSession{}
		e.Session.Date, e.Session.Price, err = dayAndAmount(in.NewSession.Date, in.NewSession.Amount)
	}
	return e, err
}

// idOf and done reduce an act to the part needed by a resource.
func idOf(d recording.Done, err error) (books.ID, error) { return d.ID, err }
func done(_ recording.Done, err error) error             { return err }

func (v *v1) payments() *resource[paymentInput, paymentInput, payment] {
	j := v.s.Recorder
	return &resource[paymentInput, paymentInput, payment]{
		v: v, kind: books.PaymentKind, path: "payments", tag: "records", name: "payment", read: auth.SignedIn,
		about: "A payment dated in a closed month is refused (month_closed). Its commissions follow its amount and its artist.",
		show:  paymentOf, owner: func(row books.Row) books.ID { return row.(*books.Payment).ArtistID },
		with: func(ctx context.Context, tx *store.Tx, id books.ID) (any, error) {
			var theirs []commission
			list, err := tx.CommissionsOf(ctx, id)
			for _, c := range list {
				theirs = append(theirs, commissionOf(c))
			}
			return theirs, err
		},
		add: func(ctx context.Context, tx *store.Tx, in paymentInput) (books.ID, error) {
			e, err := in.entry(0)
			if err != nil {
				return 0, err
			}
			return idOf(j.AddPayment(ctx, tx, who(ctx).By, e))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in paymentInput, match func(books.Row) error) error {
			e, err := in.entry(id)
			if err != nil {
				return err
			}
			return done(j.ChangePayment(ctx, tx, who(ctx).By, e, match))
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemovePayment(ctx, tx, who(ctx).By, id, match))
		},
	}
}

func (in sessionInput) entry(id books.ID) (e recording.SessionEntry, err error) {
	e.Session = books.Session{
		ID: id, Note: textOf(in.Note), ClientID: refOf(in.ClientID).V, ArtistID: books.ID(in.ArtistID), GoogleEventID: textOf(in.GoogleEventID), Status: textOf(in.Status),
	}
	if in.Client != nil {
		e.Client = *in.Client
	}
	e.Date, e.Amount, err = dayAndAmount(in.Date, in.Amount)
	return e, err
}

func (v *v1) sessions() *resource[sessionInput, sessionInput, session] {
	j := v.s.Recorder
	return &resource[sessionInput, sessionInput, session]{
		v: v, kind: books.SessionKind, path: "sessions", tag: "records", name: "session", read: auth.SignedIn,
		about: "A session may lie on any day: it belongs to the month of its payment, which is written with session_id of the payment.",
		show:  sessionOf, more: addReceipts, owner: func(row books.Row) books.ID { return row.(*books.Session).ArtistID },
		add: func(ctx context.Context, tx *store.Tx, in sessionInput) (books.ID, error) {
			e, err := in.entry(0)
			if err != nil {
				return 0, err
			}
			return idOf(j.AddSession(ctx, tx, who(ctx).By, e))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in sessionInput, match func(books.Row) error) error {
			e, err := in.entry(id)
			if err != nil {
				return err
			}
			return done(j.ChangeSession(ctx, tx, who(ctx).By, e, match))
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemoveSession(ctx, tx, who(ctx).By, id, match))
		},
	}
}

func (v *v1) commissions() *resource[newCommission, commissionInput, commission] {
	j := v.s.Recorder
	return &resource[newCommission, commissionInput, commission]{
		v: v, kind: books.CommissionKind, path: "commissions", tag: "records", name: "commission", read: auth.SignedIn,
		about: "A commission belongs to the month of its payment, which must be open.",
		show:  commissionOf, owner: func(row books.Row) books.ID { return row.(*books.Commission).ArtistID },
		add: func(ctx context.Context, tx *store.Tx, in newCommission) (books.ID, error) {
			percent, err := percentOf(in.Percent)
			if err != nil {
				return 0, err
			}
			c := books.Commission{PaymentID: books.RefTo(books.ID(in.PaymentID)), Percent: percent, Note: textOf(in.Note)}
			if in.ArtistID != nil {
				c.ArtistID = books.ID(*in.ArtistID)
			}
			return idOf(j.AddCommission(ctx, tx, who(ctx).By, c))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in commissionInput, match func(books.Row) error) error {
			percent, err := percentOf(in.Percent)
			if err != nil {
				return err
			}
			c := books.Commission{ID: id, ArtistID: books.ID(in.ArtistID), Percent: percent, Note: textOf(in.Note)}
			return done(j.ChangeCommission(ctx, tx, who(ctx).By, c, match))
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemoveCommission(ctx, tx, who(ctx).By, id, match))
		},
	}
}

func (in expenseInput) row(id books.ID) (books.Expense, error) {
	day, amount, err := dayAndAmount(in.Date, in.Amount)
	return books.Expense{ID: id, Date: day, Amount: amount, Method: books.String(in.Method), Description: books.TextOf(in.Description), Category: textOf(in.Category)}, err
}

func (v *v1) expenses() *resource[expenseInput, expenseInput, expense] {
	j := v.s.Recorder
	return &resource[expenseInput, expenseInput, expense]{
		v: v, kind: books.ExpenseKind, path: "expenses", tag: "records", name: "expense", read: auth.Read,
		about: "An expense dated in a closed month is refused (month_closed). It is written down in the name of who sends it.",
		show:  expenseOf,
		add: func(ctx context.Context, tx *store.Tx, in expenseInput) (books.ID, error) {
			row, err := in.row(0)
			if err != nil {
				return 0, err
			}
			row.CreatedBy = who(ctx).UserID
			return idOf(j.AddExpense(ctx, tx, who(ctx).By, row))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in expenseInput, match func(books.Row) error) error {
			row, err := in.row(id)
			if err != nil {
				return err
			}
			return done(j.ChangeExpense(ctx, tx, who(ctx).By, row, match))
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemoveExpense(ctx, tx, who(ctx).By, id, match))
		},
	}
}

func (v *v1) clients() *resource[clientInput, clientInput, client] {
	j := v.s.Recorder
	row := func(id books.ID, in clientInput) books.Client {
		return books.Client{ID: id, Name: books.String(in.Name), JotformID: textOf(in.JotformID)}
	}
	return &resource[clientInput, clientInput, client]{
		v: v, kind: books.ClientKind, path: "clients", tag: "people", name: "client", read: auth.Read,
		about: "Statements keep the name under which they were closed.",
		show:  clientOf,
		more: func(ctx context.Context, tx *store.Tx, _ []books.Row, list []client) error {
			stays, err := tx.Survivors(ctx)
			for i := range list {
				if id := stays[books.ID(list[i].ID)]; id != 0 {
					list[i].MergedInto = ref(books.RefTo(id))
				}
			}
			return err
		},
		add: func(ctx context.Context, tx *store.Tx, in clientInput) (books.ID, error) {
			return idOf(j.AddClient(ctx, tx, who(ctx).By, row(0, in)))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in clientInput, match func(books.Row) error) error {
			return done(j.ChangeClient(ctx, tx, who(ctx).By, row(id, in), match))
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemoveClient(ctx, tx, who(ctx).By, id, match))
		},
	}
}

func (v *v1) artists() *resource[artistInput, artistInput, artist] {
	j := v.s.Recorder
	row := func(id books.ID, in artistInput) recording.Artist {
		a := recording.Artist{ID: id, Name: in.Name, Active: in.Active == nil || *in.Active}
		if in.Email != nil {
			a.Email = *in.Email
		}
		return a
	}
	return &resource[artistInput, artistInput, artist]{
		v: v, kind: books.ArtistKind, path: "artists", tag: "people", name: "artist", read: auth.Read,
		about: "Statements keep the name under which they were closed. A password is set with extrato user password. " +
			"People of another role who tattoo too are shown; they change with extrato user.",
		show:   artistOf,
		hidden: func(a artist) bool { return a.Role != string(auth.Artist) && !a.Tattoos },
		more: func(ctx context.Context, tx *store.Tx, _ []books.Row, list []artist) error {
			ids := make([]books.ID, len(list))
			for i, a := range list {
				ids[i] = books.ID(a.ID)
			}
			users, err := tx.UsersByID(ctx, ids)
			for i := range list {
				u := users[books.ID(list[i].ID)]
				list[i].Active, list[i].Role, list[i].Tattoos = u.Active, u.Role, u.Tattoos
			}
			return err
		},
		add: func(ctx context.Context, tx *store.Tx, in artistInput) (books.ID, error) {
			return idOf(j.AddArtist(ctx, tx, who(ctx).By, row(0, in)))
		},
		change: func(ctx context.Context, tx *store.Tx, id books.ID, in artistInput, match func(books.Row) error) error {
			a := row(id, in)
			if _, err := j.ChangeArtist(ctx, tx, who(ctx).By, a, match); err != nil || a.Active {
				return err
			}
			return auth.EndAccess(ctx, tx, id) // letting them in again brings no old cookie back
		},
		remove: func(ctx context.Context, tx *store.Tx, id books.ID, match func(books.Row) error) error {
			return done(j.RemoveArtist(ctx, tx, who(ctx).By, id, match))
		},
	}
}
