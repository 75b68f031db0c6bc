// Package books holds the studio's nouns and the rules that live with them:
// months, days, amounts, the rows of a month, what identifies and sums them,
// and the statement that they become. Every form a row takes — database, CSV,
// JSON, fingerprint — gives back the very same row, or an error that names
// what is wrong; nothing is rounded, replaced or left out silently. The package
// reads no clock, no file and no database.
package books
