package books

// Merge returns the rows of a statement and the late rows of its month as one
// sequence in order: the next revision. late is in order. A late row whose kind
// and id are already in the statement is refused (Integrity), because counting
// it twice and dropping it are both wrong.
//
// In two cases the newest value wins. A session that lost its link at the first
// close (a Link of the statement) and now comes in itself takes the link back
// into its row; a late Link replaces the statement's for its session.
func Merge(statement Rows, late []Row) Rows {
	return func(yield func(Row, error) bool) {
		kept, err := takeLinks(statement, late)
		if err != nil {
			yield(nil, err)
			return
		}
		rest := late
		for row, err := range kept {
			if err != nil {
				yield(nil, err)
				return
			}
			for len(rest) > 0 && Compare(rest[0], row) < 0 {
				if !yield(rest[0], nil) {
					return
				}
				rest = rest[1:]
			}
			if len(rest) > 0 && Compare(rest[0], row) == 0 {
				if row.Kind() <= LinkKind {
					yield(nil, Integrityf("row_twice", "%s is live and also stands in the month's statement", Describe(row)).
						WithHint("somebody put it back by hand or from a dump: compare the two and delete the live one"))
					return
				}
				rest = rest[1:] // a client or artist of both
			}
			if !yield(row, nil) {
				return
			}
		}
		for _, row := range rest {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// takeLinks returns the statement without links outdated by late rows, and
// moves the links of late sessions back into their rows.
func takeLinks(statement Rows, late []Row) (Rows, error) {
	outdated, sessions := map[ID]bool{}, map[ID]*Session{}
	for _, row := range late {
		switch r := row.(type) {
		case *Link:
			outdated[r.SessionID] = true
		case *Session:
			outdated[r.ID] = true
			sessions[r.ID] = r
		}
	}
	if len(outdated) == 0 {
		return statement, nil
	}
	for row, err := range statement {
		if err != nil {
			return nil, err
		}
		if link, ok := row.(*Link); ok {
			if s := sessions[link.SessionID]; s != nil && !s.PaymentID.Valid {
				s.PaymentID = RefTo(link.PaymentID)
			}
		}
	}
	return func(yield func(Row, error) bool) {
		for row, err := range statement {
			if err == nil && row.Kind() == LinkKind && outdated[row.Key()] {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}, nil
}
