package web

// textsEnCharts are textsPtCharts in English.
var textsEnCharts = map[string]string{
	"revenue by day of": "Revenue of each day of %s", "own by day of": "What I produced on each day of %s",
	"months so far": "The months so far", "plot of months": "Revenue, expenses and net of the months up to %s",
	"revenue key": "revenue", "commissions key": "commissions", "expenses key": "expenses", "net key": "net",
	"total of year": "Total of %s",

	"print": "Print", "print text": "The lists are whole, ready for the printer.", "print back": "Back to pages",

	"row": "Entry", "changed since": "Revision %d, compared with revision %d", "changed nothing": "No entry changed.",
	"changed too much": "There are too many entries to compare here. Download both CSV files.",
	"changed unknown":  "Revision %d is not what was closed, so it cannot be compared.",
	"changed most":     "the first %d changes",
}
