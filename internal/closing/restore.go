package closing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Restoration says what a restore puts back, or would.
type Restoration struct {
	Month    books.Month  `json:"month"`
	File     string       `json:"file"`
	Missing  books.Counts `json:"missing"` // rows that are put back
	Present  books.Counts `json:"present"` // rows that are live as in the backup
	Links    int          `json:"links"`   // links that live rows lack and get
	Clients  int          `json:"clients"`
	Artists  int          `json:"artists"`
	Notes    []string     `json:"notes"`
	DryRun   bool         `json:"dry_run"`
	rows     []books.Row
	links    []*books.Link           // those among Links that stand in pagamentos
	atRest   map[books.Kind]books.ID // the highest ids in statements
	manifest backup.Manifest
}

// Nothing reports whether there is nothing to put back.
func (r Restoration) Nothing() bool { return len(r.rows)+len(r.links) == 0 }

// Restore puts the rows of a backup that are missing back to live, ids and
// links included. It never removes or overwrites a row. The newest whole copy
// is used unless file names another. It fails with an Error of kind Refused, and
// changes nothing, if any row is live with other values or rests in a statement.
//
// A session that is paid in two months stays live when the first closes, so
// its backup holds the payment and not the session. Where the session is not
// live either, it is taken from whichever copy holds it; where none does, the
// payment comes back without its link, and restoring again sets it once the
// session is there. So months can be restored in any order.
func (c *Closer) Restore(ctx context.Context, month books.Month, file string, dryRun bool, by books.Actor) (Restoration, error) {
	run := c.begin(ctx, "restore", month, by, "")
	from, rows, err := c.readBackup(ctx, month, file)
	if err != nil {
		return Restoration{}, err
	}
	others, err := c.sessionsElsewhere(ctx, from, rows)
	if err != nil {
		return Restoration{}, err
	}
	unlock, err := c.Store.LockMonth(ctx, month)
	if err != nil {
		return Restoration{}, err
	}
	defer unlock()
	var r Restoration
	if dryRun {
		err = c.Store.Read(ctx, func(tx *store.Tx) error {
			r, err = difference(ctx, tx, from, rows, others)
			return err
		})
		r.DryRun = true
		return r, err
	}
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		if r, err = difference(ctx, tx, from, rows, others); err != nil || r.Nothing() {
			return err
		}
		return c.restore(ctx, tx, &r, run)
	})
	if errors.Is(err, store.ErrCommitUnknown) {
		_, err = c.lookUp(ctx, run, err)
	}
	if err != nil {
		c.finish(ctx, run, "", err)
	}
	return r, err
}

// elsewhere is a session that another copy holds.
type elsewhere struct {
	session *books.Session
	people  []books.Row // its client and artist
	file    string
}

// sessionsElsewhere finds the sessions that rows point at and that are neither
// among them nor live nor at rest, in the other copies: the latest month's
// first, since a session leaves with its last payment. A copy that is damaged
// is passed over.
func (c *Closer) sessionsElsewhere(ctx context.Context, from backup.Manifest, rows []books.Row) (map[books.ID]elsewhere, error) {
	wanted := map[books.ID]bool{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		ids, err := sessionsLacking(ctx, tx, rows)
		if err != nil || len(ids) == 0 {
			return err
		}
		resting, err := atRest(ctx, tx)
		for _, id := range ids {
			wanted[id] = resting[books.SessionKind][id].IsZero()
		}
		return err
	})
	maps.DeleteFunc(wanted, func(_ books.ID, wanted bool) bool { return !wanted })
	found := map[books.ID]elsewhere{}
	if err != nil || len(wanted) == 0 {
		return found, err
	}
	months, err := c.Backups.Months(ctx)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	for _, month := range slices.Backward(months) {
		copies, err := c.Backups.Copies(ctx, month)
		if err != nil {
			return nil, unreadablePlace(err)
		}
		for _, k := range slices.Backward(copies) {
			if len(found) == len(wanted) {
				return found, nil
			}
			if !k.HasFile || !k.Manifest || k.File == from.File {
				continue
			}
			_, there, err := c.Backups.Rows(ctx, k)
			if err != nil {
				if kind := books.AsError(err).Kind; kind != books.Integrity && kind != books.NotFound {
					return nil, err
				}
				continue
			}
			addSessions(found, wanted, there, k.File)
		}
	}
	return found, nil
}

// sessionsLacking returns the sessions that rows point at and that are neither
// among them nor live.
func sessionsLacking(ctx context.Context, tx *store.Tx, rows []books.Row) ([]books.ID, error) {
	here, lacking := map[books.ID]bool{}, map[books.ID]bool{}
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Session:
			here[r.ID] = true
		case *books.Payment:
			if r.SessionID.Valid {
				lacking[r.SessionID.V] = true
			}
		case *books.Link:
			lacking[r.SessionID] = true
		}
	}
	maps.DeleteFunc(lacking, func(id books.ID, _ bool) bool { return here[id] })
	live, err := tx.LiveByID(ctx, books.SessionKind, slices.Collect(maps.Keys(lacking)))
	maps.DeleteFunc(lacking, func(id books.ID, _ bool) bool { return live[id] != nil })
	return slices.Sorted(maps.Keys(lacking)), err
}

// addSessions adds the wanted sessions among a copy's rows that were not found yet.
func addSessions(found map[books.ID]elsewhere, wanted map[books.ID]bool, rows []books.Row, file string) {
	for _, row := range rows {
		s, ok := row.(*books.Session)
		if !ok || !wanted[s.ID] || found[s.ID].session != nil {
			continue
		}
		e := elsewhere{session: s, file: file}
		for _, person := range rows {
			if person.Kind() == books.ClientKind && person.Key() == s.ClientID || person.Kind() == books.ArtistKind && person.Key() == s.ArtistID {
				e.people = append(e.people, person)
			}
		}
		found[s.ID] = e
	}
}

func (c *Closer) readBackup(ctx context.Context, month books.Month, file string) (backup.Manifest, []books.Row, error) {
	if file != "" {
		target, err := backup.ParseFile(file)
		if err == nil && target.Month != month {
			err = books.Invalidf("invalid_file", "%s is not a backup of %s", file, month).WithHint("name the month of the file")
		}
		if err != nil {
			return backup.Manifest{}, nil, err
		}
		return c.readCopy(ctx, target)
	}
	copies, err := c.Backups.Copies(ctx, month)
	if err != nil {
		return backup.Manifest{}, nil, unreadablePlace(err)
	}
	for _, k := range slices.Backward(copies) {
		if k.HasFile && k.Manifest {
			return c.readCopy(ctx, k)
		}
	}
	return backup.Manifest{}, nil, books.NotFoundf("no_backup", "there is no backup of %s", month).
		WithHint("see which there are: extrato backup list")
}

// readCopy reads a copy whole. Where it is damaged, a new one would not hold
// the rows that are missing now: an earlier one may.
func (c *Closer) readCopy(ctx context.Context, k backup.Copy) (backup.Manifest, []books.Row, error) {
	manifest, rows, err := c.Backups.Rows(ctx, k)
	var e *books.Error
	if errors.As(err, &e) && e.Kind == books.Integrity {
		err = fmt.Errorf("%s: %w", k.File, e.WithHint("nothing was changed; keep the file; put its own copy from elsewhere in its place, or name an earlier one of extrato backup list: extrato backup restore %s --file FILE", k.Month))
	}
	return manifest, rows, err
}

// difference finds which rows are missing, and refuses what cannot be put back.
func difference(ctx context.Context, tx *store.Tx, from backup.Manifest, rows []books.Row, others map[books.ID]elsewhere) (Restoration, error) {
	r := Restoration{Month: from.Month, File: from.File, manifest: from, Notes: []string{}}
	resting, err := atRest(ctx, tx)
	if err != nil {
		return r, err
	}
	r.atRest = highestIDs(resting)
	if rows, err = r.withSessions(ctx, tx, rows, others); err != nil {
		return r, err
	}
	for kind := books.PaymentKind; kind < books.KindCount; kind++ {
		if kind == books.LinkKind {
			continue
		}
		live, err := tx.LiveByID(ctx, kind, idsOf(rows, kind))
		if err != nil {
			return r, err
		}
		for _, row := range rows {
			if row.Kind() != kind {
				continue
			}
			if home, ok := resting[kind][row.Key()]; ok {
				return r, books.Refusedf("row_at_rest", "%s rests in the statement of %s", books.Describe(row), home).
					WithHint("reopen first: extrato reopen %s --reason …", home)
			}
			if err := r.compare(row, live[row.Key()]); err != nil {
				return r, err
			}
		}
	}
	if err := r.addLinks(ctx, tx, rows); err != nil {
		return r, err
	}
	if artists := idsOf(r.rows, books.ArtistKind); len(artists) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("artists who come back inactive, without a password: %s", listed(artists)))
	}
	if err := eventsFree(ctx, tx, r.rows); err != nil {
		return r, err
	}
	return r, r.cutLinks(ctx, tx, resting)
}

// withSessions returns rows with the sessions that they lack, as far as other
// copies hold them, and those sessions' people.
func (r *Restoration) withSessions(ctx context.Context, tx *store.Tx, rows []books.Row, others map[books.ID]elsewhere) ([]books.Row, error) {
	ids, err := sessionsLacking(ctx, tx, rows)
	all := slices.Clone(rows)
	for _, id := range ids {
		other, ok := others[id]
		if !ok {
			continue
		}
		all = append(all, other.session)
		r.Notes = append(r.Notes, fmt.Sprintf("sessao %d comes from %s: it is paid in another month as well, so restore that month too", id, other.file))
		for _, person := range other.people {
			if !slices.ContainsFunc(all, func(row books.Row) bool { return row.Kind() == person.Kind() && row.Key() == person.Key() }) {
				all = append(all, person)
			}
		}
	}
	return all, err
}

// compare holds a row against the live one of its id. A link that only one of
// them has is no conflict: closing and restoring the months that the session is
// paid in takes links and gives them back, and leaves the rest of the row alone.
func (r *Restoration) compare(row, live books.Row) error {
	if live == nil {
		r.add(row)
		return nil
	}
	if row.Kind() > books.LinkKind { // a client or artist is as it is now
		return nil
	}
	bare, link := unlinked(row)
	liveBare, liveLink := unlinked(live)
	if !books.Equal(bare, liveBare) || link.Valid && liveLink.Valid && link != liveLink {
		return books.Refusedf("row_differs", "%s is live with other values than in the backup", books.Describe(row)).
			WithHint("nothing was changed; decide which of the two is right and delete the live row if it is the backup's")
	}
	r.Present.Add(row.Kind())
	switch {
	case !link.Valid || liveLink.Valid:
	case row.Kind() == books.PaymentKind:
		r.links = append(r.links, &books.Link{SessionID: link.V, PaymentID: row.Key()})
	default:
		r.rows = append(r.rows, &books.Link{SessionID: row.Key(), PaymentID: link.V})
	}
	return nil
}

// unlinked returns a row without its link to a session or payment, and that link.
func unlinked(row books.Row) (books.Row, books.Ref) {
	switch r := row.(type) {
	case *books.Payment:
		bare := *r
		bare.SessionID = books.Ref{}
		return &bare, r.SessionID
	case *books.Session:
		bare := *r
		bare.PaymentID = books.Ref{}
		return &bare, r.PaymentID
	}
	return row, books.Ref{}
}

// addLinks adds the links that sessions lack, and notes those that a newer one
// keeps out.
func (r *Restoration) addLinks(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	sessions, err := tx.LiveByID(ctx, books.SessionKind, idsOf(rows, books.LinkKind))
	if err != nil {
		return err
	}
	for _, row := range r.rows {
		if row.Kind() == books.SessionKind {
			sessions[row.Key()] = row
		}
	}
	for _, row := range rows {
		link, ok := row.(*books.Link)
		if !ok {
			continue
		}
		session, there := sessions[link.SessionID].(*books.Session)
		switch {
		case !there || !session.PaymentID.Valid:
			r.rows = append(r.rows, row)
		case session.PaymentID.V != link.PaymentID:
			r.Notes = append(r.Notes, keptLinks([]*books.Link{link})...)
		}
	}
	return nil
}

// cutLinks takes out the links that lead to a row which is neither live nor
// coming back: a database with foreign keys cannot hold them. The backup keeps
// them. It refuses if that row rests in a statement.
func (r *Restoration) cutLinks(ctx context.Context, tx *store.Tx, resting map[books.Kind]map[books.ID]books.Month) error {
	there, err := r.ends(ctx, tx)
	if err != nil {
		return err
	}
	// whole reports whether row's link can be set.
	whole := func(row books.Row, kind books.Kind, id books.ID) (bool, error) {
		if there[kind][id] {
			return true, nil
		}
		if home := resting[kind][id]; !home.IsZero() {
			return false, linkedElsewhere(row, r.Month, kind, id, home)
		}
		r.Notes = append(r.Notes, waiting(row, kind, id, r.Month))
		return false, nil
	}
	var rows []books.Row
	for _, row := range r.rows {
		ok := true
		bare, link := unlinked(row)
		switch of := row.(type) {
		case *books.Payment:
			if link.Valid {
				ok, err = whole(row, books.SessionKind, link.V)
			}
		case *books.Session:
			if link.Valid {
				ok, err = whole(row, books.PaymentKind, link.V)
			}
		case *books.Commission:
			if of.PaymentID.Valid && tx.Postgres() && !there[books.PaymentKind][of.PaymentID.V] {
				err = books.Refusedf("linked_row_gone", "%s is of pagamento %d, which is neither live nor in the backup", books.Describe(row), of.PaymentID.V).
					WithHint("PostgreSQL cannot hold it; restore %s into SQLite", r.Month)
			}
		case *books.Link:
			bare = nil
			if ok, err = whole(row, books.SessionKind, of.SessionID); ok && err == nil {
				ok, err = whole(row, books.PaymentKind, of.PaymentID)
			}
			if ok {
				r.Links++
			}
		}
		switch {
		case err != nil:
			return err
		case ok:
			rows = append(rows, row)
		case bare != nil:
			rows = append(rows, bare)
		}
	}
	r.rows = rows
	r.links = slices.DeleteFunc(r.links, func(l *books.Link) bool {
		ok, failed := whole(&books.Payment{ID: l.PaymentID}, books.SessionKind, l.SessionID)
		err = errors.Join(err, failed)
		return !ok
	})
	r.Links += len(r.links)
	return err
}

// waiting says that a link cannot be set yet.
func waiting(row books.Row, kind books.Kind, id books.ID, month books.Month) string {
	if l, ok := row.(*books.Link); ok {
		return fmt.Sprintf("%s %d is neither live nor in a backup that can be read, so the link of sessao %d and pagamento %d waits: restore %s again when it is",
			kind, id, l.SessionID, l.PaymentID, month)
	}
	return fmt.Sprintf("%s lacks its link to %s %d, which is neither live nor in a backup that can be read: restore %s again when it is",
		books.Describe(row), kind, id, month)
}

// ends returns which of the sessions and payments that links lead to are live
// or coming back.
func (r *Restoration) ends(ctx context.Context, tx *store.Tx) (map[books.Kind]map[books.ID]bool, error) {
	wanted := map[books.Kind][]books.ID{}
	there := map[books.Kind]map[books.ID]bool{books.SessionKind: {}, books.PaymentKind: {}}
	want := func(kind books.Kind, id books.Ref) {
		if id.Valid {
			wanted[kind] = append(wanted[kind], id.V)
		}
	}
	for _, row := range r.rows {
		switch of := row.(type) {
		case *books.Payment:
			there[books.PaymentKind][of.ID] = true
			want(books.SessionKind, of.SessionID)
		case *books.Session:
			there[books.SessionKind][of.ID] = true
			want(books.PaymentKind, of.PaymentID)
		case *books.Commission:
			want(books.PaymentKind, of.PaymentID)
		case *books.Link:
			want(books.SessionKind, books.RefTo(of.SessionID))
			want(books.PaymentKind, books.RefTo(of.PaymentID))
		}
	}
	for _, l := range r.links {
		want(books.SessionKind, books.RefTo(l.SessionID))
	}
	for kind, ids := range wanted {
		live, err := tx.LiveByID(ctx, kind, ids)
		if err != nil {
			return nil, err
		}
		for id := range live {
			there[kind][id] = true
		}
	}
	return there, nil
}

func (r *Restoration) add(row books.Row) {
	r.rows = append(r.rows, row)
	switch row.Kind() {
	case books.ClientKind:
		r.Clients++
	case books.ArtistKind:
		r.Artists++
	default:
		r.Missing.Add(row.Kind())
	}
}

func listed(ids []books.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	return strings.Join(texts, ", ")
}

func highestIDs(resting map[books.Kind]map[books.ID]books.Month) map[books.Kind]books.ID {
	highest := map[books.Kind]books.ID{}
	for kind, ids := range resting {
		for id := range ids {
			highest[kind] = max(highest[kind], id)
		}
	}
	return highest
}

func (c *Closer) restore(ctx context.Context, tx *store.Tx, r *Restoration, run run) error {
	c.step("restore begun")
	kept, err := putBack(ctx, tx, r.rows)
	if err != nil {
		return err
	}
	if err := tx.LinkPayments(ctx, r.links); err != nil {
		return err
	}
	c.step("rows put back")
	r.Notes = append(r.Notes, keptLinks(kept)...)
	if err := tx.RaiseSequences(ctx, r.atRest); err != nil {
		return err
	}
	last, err := tx.LastClosing(ctx, r.Month)
	if err != nil {
		return err
	}
	_, err = tx.AppendClosing(ctx, books.Closing{
		Action: books.Restored, Month: r.Month, Revision: last.Revision, At: books.InstantOf(c.Now()), By: run.by,
		CorrelationID: run.id, Fingerprint: r.manifest.Fingerprint, Counts: r.Missing, Totals: "{}",
		BackupFile: r.manifest.File, BackupSHA256: r.manifest.SHA256, Notes: r.Notes,
	})
	if err != nil {
		return err
	}
	c.step("chain grown")
	if err := tx.AddRun(ctx, run.record(c.Now(), string(books.Restored), nil)); err != nil {
		return err
	}
	c.step("run recorded")
	return nil
}
