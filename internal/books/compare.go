package books

import "fmt"

// Compare compares a whole stored statement with its entry: header, fingerprint,
// counts and totals of its rows, and the seal over every byte. It returns the
// difference, "" if there is none, and the rows' sums for charts. Of a
// statement of v4's there is a seal only.
func (c ChainEntry) Compare(stored Stored) (difference string, sums []DaySum) {
	if c.Action == Adopted {
		if stored.Seal() != c.Seal {
			difference = fmt.Sprintf("the statement of %s, v4's, was changed since it was adopted", c.Month)
		}
		return difference, stored.DaySums()
	}
	if difference = c.CompareHeader(stored); difference != "" {
		return difference, nil
	}
	digest, tally, days := NewDigest(), NewTally(), NewDaySums(c.Month)
	for row, err := range stored.Rows() {
		if err == nil {
			tally.Add(row)
			days.Add(row)
			err = digest.Add(row)
		}
		if err != nil {
			return fmt.Sprintf("revision %d of %s cannot be read: %s", c.Revision, c.Month, err), nil
		}
	}
	switch {
	case digest.Sum() != c.Fingerprint || digest.Core() != c.Core:
		difference = c.otherRows()
	case digest.Counts() != c.Counts:
		difference = fmt.Sprintf("revision %d of %s has another number of rows than were closed", c.Revision, c.Month)
	case string(tally.Totals().JSON()) != c.Totals:
		difference = c.otherTotals()
	case stored.Seal() != c.Seal:
		difference = fmt.Sprintf("revision %d of %s holds the rows that were closed, but something that it says beside them was changed: a name, an e-mail, or an amount or a date that one row repeats from another", c.Revision, c.Month)
	case !stored.AsWritten():
		difference = fmt.Sprintf("revision %d of %s is stored in another form than it was: v4's pages may not be able to read it", c.Revision, c.Month)
	}
	return difference, days.List()
}

// CompareHeader compares the header of a statement of ours with its entry,
// without reading rows. It returns the difference, "" if there is none.
func (c ChainEntry) CompareHeader(stored Stored) string {
	if !stored.Ours() {
		return fmt.Sprintf("the statement of %s was replaced by one of v4's", c.Month)
	}
	header, err := stored.Header()
	switch {
	case err != nil:
		return fmt.Sprintf("revision %d of %s cannot be read: %s", c.Revision, c.Month, err)
	case header.Month != c.Month || header.Revision != c.Revision:
		return fmt.Sprintf("the statement stored for %s is that of %s, revision %d", c.Month, header.Month, header.Revision)
	case header.Fingerprint != c.Fingerprint:
		return c.otherRows()
	case string(header.Totals.JSON()) != c.Totals:
		return c.otherTotals()
	}
	return ""
}

func (c ChainEntry) otherRows() string {
	return fmt.Sprintf("the rows in revision %d of %s are not those that were closed", c.Revision, c.Month)
}

func (c ChainEntry) otherTotals() string {
	return fmt.Sprintf("the totals in revision %d of %s are not those of its rows", c.Revision, c.Month)
}
