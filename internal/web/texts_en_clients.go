package web

// textsEnClients are the words of one client's page, of merging and of searching.
var textsEnClients = map[string]string{
	// One client.
	"also named": "also %s", "paid in open months": "Paid in open months", "open sessions count": "%d open session|%d open sessions",
	"session owes": "%s missing", "client's record": "Record", "rename text": "Statements that are closed already keep the name of the day on which they were closed.",
	"see closed months": "See closed months as well", "older closed months": "See older months", "in closed months": "In closed months",
	"nothing in closed months": "Nothing in closed months.", "months not searched": "Not searched, because the statement is not what was closed: %s.",
	"kind": "Kind", "an expense": "Expense",

	// A month's form sent once more.
	"closed before":   "This form closed %s already; it was reopened since. Close it again?",
	"reopened before": "This form reopened %s already; it was closed since. Reopen it again?",

	// Merging.
	"merged sessions count": "%d session|%d sessions", "merge": "Merge", "merge with": "Merge with…", "merge text": "Is it the same person twice? Write who stays: the entries go to them.",
	"merge title": "Merge %s with %s?", "rows to move": "%s and %s change hands.", "rows moved": "%s and %s changed hands.",
	"merge shown":      "%s leaves the list of clients. %s is shown instead, also when a month is reopened.",
	"merge statements": "Closed statements do not change: they keep the name of their close.",
	"merge undo":       "This can be undone within 24 hours.", "leave two": "Leave as it is", "clients merged": "%s is %s now.",
	"no client named": "There is no other client called “%s”.", "several clients named": "Several have this name. Write which: %s.",
	"error same_client": "Choose another client: this is the same one.", "error client_merged": "This client was merged with another one already.",
	"error merged_since":  "The one who stayed was merged with another client since. Undo that merge first.",
	"error undo_of_merge": "A merge that was undone does not come back like this. Merge the two again.", "merged client": "Client: %s",

	// Searching.
	"search for": "Name, note, amount or day", "search help": "Searches everything that is open. Amounts like 350 or 350,00; days like 28/10 or 28/10/2025.",
	"nothing found": "Nothing open with “%s”.", "first found": "the first %d; write more to find the others",
}
