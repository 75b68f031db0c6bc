// Package export shows one month's statement to people and to spreadsheets.
package export

import "github.com/mattn/go-runewidth"

var widths = &runewidth.Condition{StrictEmojiNeutral: true}
