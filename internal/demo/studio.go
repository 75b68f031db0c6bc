package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"extrato/internal/books"
)

// seed decides everything about the studio but its dates.
const seed = 1957_10_04

// Rows returns the studio's rows in order, as of now. Calls in the same month
// return the same rows, without those later than now.
func Rows(now time.Time) []books.Row {
	s := &studio{
		rand: rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // made-up rows need no secrecy, they need to be the same every time
		now:  now, zone: now.Location(), first: First(now), clients: makeClients(First(now), now.Location()),
		artists: makeArtists(First(now), now.Location()),
	}
	s.closed = s.first.Add(7)
	for m := s.first; !books.MonthOf(now).Before(m); m = m.Add(1) {
		if m != s.closed {
			s.month(m)
		}
	}
	return s.rows()
}

// studio grows month by month. Rows get their ids at the end, in the order of
// their making.
type studio struct {
	rand        *rand.Rand
	now         time.Time
	zone        *time.Location
	first       books.Month
	closed      books.Month // the studio was being painted
	clients     []*books.Client
	artists     []*artist
	visits      []*visit
	sales       []*sale // without a session
	commissions []*books.Commission
	expenses    []*books.Expense
}

// visit is a session with its payments.
type visit struct {
	session *books.Session
	sales   []*sale
	linked  int // the sale in the session's own link
}

// sale is a payment with the commission on it.
type sale struct {
	payment    *books.Payment
	commission *books.Commission
}

// busy says how much there is to do in each month of the year, in percent:
// people show their skin in summer, and come for it in spring.
var busy = [...]int{0, 112, 106, 100, 94, 88, 84, 86, 92, 104, 110, 116, 126}

func (s *studio) month(m books.Month) {
	visits := (24 + s.rand.IntN(4)) * busy[m.Month] / 100
	for range visits {
		s.visit(m)
	}
	for range 2 + s.rand.IntN(3) {
		s.counterSale(m)
	}
	if s.rand.IntN(3) == 0 {
		s.bonus(m)
	}
	s.monthExpenses(m)
}

// visit books a session and has it paid: at once, in parts, with a deposit in
// this month and the balance when the next one comes, or not at all.
func (s *studio) visit(m books.Month) {
	a, client := s.artist(), s.client()
	day := s.workday(m)
	price := s.price()
	kind := s.rand.IntN(100)
	booked := s.at(day, 9, 12).AddDate(0, 0, -s.rand.IntN(12))
	v := &visit{session: &books.Session{
		Date: day, Amount: price, ClientID: client.ID, ArtistID: a.ID, Note: s.note(sessionNotes),
		Status: books.TextOf("paid"),
	}}
	if s.rand.IntN(3) == 0 {
		v.session.GoogleEventID = books.TextOf(fmt.Sprintf("demo%08x", s.rand.Uint32())) // a calendar knows it
	}
	paid := s.at(day, 14, 20)
	switch {
	case kind < 12: // nobody paid yet
		v.session.Status = books.TextOf("completed")
		if kind < 5 || m == books.MonthOf(s.now) {
			v.session.Status = books.TextOf("active")
		}
	case kind < 30:
		deposit := price.Percent(30_00) / 10_00 * 10_00
		v.session.Date = s.workday(s.after(m))
		booked = s.at(day, 10, 13)
		v.add(s.sale(a, client, deposit, day, booked.Add(5*time.Minute), books.TextOf("Sinal")))
		v.add(s.sale(a, client, price-deposit, v.session.Date, s.at(v.session.Date, 14, 20), books.TextOf("Restante, sinal já pago")))
		v.linked = s.rand.IntN(2)
	case kind < 38: // half by one method, half by another
		v.add(s.sale(a, client, price/2, day, paid, books.Text{}))
		v.add(s.sale(a, client, price-price/2, day, paid.Add(time.Minute), books.TextOf("2ª parte")))
		v.linked = 1
	default:
		v.add(s.sale(a, client, price, day, paid, s.note(paymentNotes)))
	}
	v.session.CreatedAt = books.At(booked)
	s.visits = append(s.visits, v)
}

func (v *visit) add(sold *sale) { v.sales = append(v.sales, sold) }

// counterSale is a payment without a session, often without a client.
func (s *studio) counterSale(m books.Month) {
	good := goods[s.rand.IntN(len(goods))]
	day := s.workday(m)
	var client *books.Client
	if s.rand.IntN(2) == 0 {
		client = s.client()
	}
	s.sales = append(s.sales, s.sale(s.artist(), client, good.price, day, s.at(day, 10, 19), books.TextOf(good.name)))
}

func (s *studio) sale(a *artist, client *books.Client, amount books.Money, day books.Day, at time.Time, note books.Text) *sale {
	sold := &sale{payment: &books.Payment{
		Date: day, Amount: amount, Method: s.method(), Note: note, ArtistID: a.ID, CreatedAt: books.At(at),
	}}
	if client != nil {
		sold.payment.ClientID = books.RefTo(client.ID)
	}
	if a.percent > 0 {
		sold.commission = &books.Commission{
			ArtistID: a.ID, Percent: a.percent, Amount: amount.Percent(a.percent), CreatedAt: books.At(at),
		}
	}
	return sold
}

// bonus is an unpaired commission.
func (s *studio) bonus(m books.Month) {
	a := s.artists[1+s.rand.IntN(len(s.artists)-1)]
	s.commissions = append(s.commissions, &books.Commission{
		ArtistID: a.ID, Percent: 100_00, Amount: s.about(80_00) / 5_00 * 5_00, Note: books.TextOf("Bônus por indicação 🤝"),
		CreatedAt: books.At(s.at(s.workday(m), 10, 19)),
	})
}

func (s *studio) monthExpenses(m books.Month) {
	for _, c := range costs {
		if s.rand.IntN(100) >= c.chance {
			continue
		}
		day := s.workday(m)
		if c.day > 0 {
			day = books.DayOf(time.Date(m.Year, m.Month, c.day, 0, 0, 0, 0, s.zone))
		}
		amount := c.price
		if c.day == 0 || c.varies {
			amount = s.about(c.price)
		}
		method := c.method
		if method == "" {
			method = s.method()
		}
		category := books.Text{V: c.category, Valid: c.category != ""}
		s.expenses = append(s.expenses, &books.Expense{
			Category: category,
			Date:     day, Amount: amount, Description: books.TextOf(c.name), Method: method, CreatedBy: s.artists[0].ID,
			CreatedAt: books.At(s.at(day, 9, 18)),
		})
	}
}

// after returns the studio's next working month.
func (s *studio) after(m books.Month) books.Month {
	if m.Add(1) == s.closed {
		return m.Add(2)
	}
	return m.Add(1)
}

// workday returns a day from Tuesday to Saturday.
func (s *studio) workday(m books.Month) books.Day {
	for {
		day := time.Date(m.Year, m.Month, 1+s.rand.IntN(m.Last().Number()), 0, 0, 0, 0, time.UTC)
		if w := day.Weekday(); w != time.Sunday && w != time.Monday {
			return books.DayOf(day)
		}
	}
}

// at returns a time of day between two hours.
func (s *studio) at(day books.Day, from, to int) time.Time {
	m := day.Month()
	seconds := s.rand.IntN((to - from) * 3600)
	return time.Date(m.Year, m.Month, day.Number(), from, 0, seconds, s.rand.IntN(1_000_000)*1000, s.zone)
}

// price returns a session's price: most are small, few take all day.
func (s *studio) price() books.Money {
	tens := 15 + s.rand.IntN(30)
	switch size := s.rand.IntN(10); {
	case size >= 9:
		tens = 120 + s.rand.IntN(120)
	case size >= 5:
		tens = 45 + s.rand.IntN(60)
	}
	price := books.Money(tens) * 10_00
	if s.rand.IntN(12) == 0 {
		price -= 10 // 249,90
	}
	return price
}

// about returns an amount up to a fifth above or below, to the cent.
func (s *studio) about(m books.Money) books.Money {
	return m - m/5 + books.Money(s.rand.Int64N(int64(m)*2/5))
}

func (s *studio) method() books.String {
	switch n := s.rand.IntN(100); {
	case n < 46:
		return "Pix"
	case n < 70:
		return "Cartão de Crédito"
	case n < 83:
		return "Cartão de Débito"
	case n < 96:
		return "Dinheiro"
	}
	return "Outros"
}

func (s *studio) note(from []string) books.Text {
	if s.rand.IntN(3) > 0 {
		return books.Text{}
	}
	return books.TextOf(from[s.rand.IntN(len(from))])
}

func (s *studio) artist() *artist       { return s.artists[s.rand.IntN(len(s.artists))] }
func (s *studio) client() *books.Client { return s.clients[s.rand.IntN(len(s.clients))] }

// rows drops future rows, assigns ids, and links sessions and payments.
func (s *studio) rows() []books.Row {
	var rows []books.Row
	for _, c := range s.clients {
		rows = append(rows, c)
	}
	for _, a := range s.artists {
		rows = append(rows, &a.Artist)
	}
	s.visits = slices.DeleteFunc(s.visits, func(v *visit) bool { return !s.happened(v.session.CreatedAt) })
	sales := s.sales
	for _, v := range s.visits {
		sales = append(sales, v.sales...)
	}
	sales = slices.DeleteFunc(sales, func(sold *sale) bool { return !s.happened(sold.payment.CreatedAt) })
	number(sales, func(sold *sale) (books.NullInstant, *books.ID) { return sold.payment.CreatedAt, &sold.payment.ID })
	number(s.visits, func(v *visit) (books.NullInstant, *books.ID) { return v.session.CreatedAt, &v.session.ID })
	for _, v := range s.visits {
		v.tie()
		rows = append(rows, v.session)
	}
	commissions := s.commissions
	for _, sold := range sales {
		rows = append(rows, sold.payment)
		if sold.commission != nil {
			sold.commission.PaymentID = books.RefTo(sold.payment.ID)
			commissions = append(commissions, sold.commission)
		}
	}
	commissions = slices.DeleteFunc(commissions, func(c *books.Commission) bool { return !s.happened(c.CreatedAt) })
	number(commissions, func(c *books.Commission) (books.NullInstant, *books.ID) { return c.CreatedAt, &c.ID })
	for _, c := range commissions {
		rows = append(rows, c)
	}
	s.expenses = slices.DeleteFunc(s.expenses, func(e *books.Expense) bool { return !s.happened(e.CreatedAt) })
	number(s.expenses, func(e *books.Expense) (books.NullInstant, *books.ID) { return e.CreatedAt, &e.ID })
	for _, e := range s.expenses {
		rows = append(rows, e)
	}
	slices.SortFunc(rows, books.Compare)
	return rows
}

func (s *studio) happened(at books.NullInstant) bool { return at.V <= books.InstantOf(s.now) }

// number gives ids in the order of time.
func number[T any](all []T, of func(T) (books.NullInstant, *books.ID)) {
	slices.SortStableFunc(all, func(a, b T) int {
		at, _ := of(a)
		bt, _ := of(b)
		return cmp.Compare(at.V, bt.V)
	})
	for i, one := range all {
		_, id := of(one)
		*id = books.ID(i + 1)
	}
}

// tie links the session and its payments, as registering a payment for a
// session does, in both directions.
func (v *visit) tie() {
	for i, sold := range v.sales {
		if sold.payment.ID == 0 {
			continue // it has not happened yet
		}
		sold.payment.SessionID = books.RefTo(v.session.ID)
		if i <= v.linked {
			v.session.PaymentID = books.RefTo(sold.payment.ID)
			v.session.UpdatedAt = sold.payment.CreatedAt
		}
	}
	if len(v.sales) > 0 && !v.session.PaymentID.Valid {
		v.session.Status = books.TextOf("active")
	}
}
