// Package books holds the studio's nouns and their rules: months, days,
// amounts, the rows of a month, their fingerprint and totals, and the
// statement. Every form of a row (database, CSV, JSON, fingerprint) returns
// the same row or an error with the cause. Nothing is rounded, replaced or
// dropped silently. The package reads no clock, no file and no database.
package books
