package web

// textsEnSessions are the words of the pages of sessions.
var textsEnSessions = map[string]string{
	// The list.
	"tab owing": "To receive", "tab coming": "Scheduled", "tab month": "All of the month",
	"new session button": "New session", "price": "Price", "price small": "price", "received short": "Received", "received small": "received", "owed short": "Owed",
	"nothing received": "nothing", "from client": "from %s",
	"owing count": "%d to receive|%d to receive", "owing sum": "%s, %s owed", "owing until today": "; up to today, %s",
	"coming count": "%d scheduled|%d scheduled", "sessions count": "%d session|%d sessions", "sessions of month": "%s in %s",
	"no owing sessions": "Nothing to receive", "no owing sessions text": "Every session without its full price stands here.",
	"no coming sessions": "No scheduled session", "no coming sessions text": "A scheduled one stands here until it is completed. A deposit can be received at once.",
	"no sessions of month": "No session in this month", "no sessions of month text": "Those of a closed month are in its statement.",
	"no such session": "No such session.",

	// The situations.
	"completed": "completed", "completed short": "completed, %s short", "coming": "scheduled", "unpaid": "unpaid", "unpriced": "no price",
	"received unpriced": "received, no price", "only deposit": "deposit only", "partly paid": "partly paid", "paid": "paid", "overpaid": "%s too much",

	// One session.
	"session": "Session", "session named": "session of %s", "session new": "New session", "create session": "Create session",
	"complete session": "Complete", "resume session": "Undo completion",
	"receipts": "Receipts", "no receipts": "Nothing received yet.", "where": "Where it is", "open month": "open", "in statement": "statement of %s",
	"too much": "Too much", "not received": "Not received", "completed fact": "Completed",
	"session made": "Session of %s created.", "session saved": "Session of %s corrected.",
	"session completed": "Session completed.", "session completed short": "Session completed: %s are no longer expected.", "session resumed": "The session is no longer completed.",
	"look at the session": "%s changed this session a moment ago. Look at it first.", "session already deleted": "This session was deleted already.",
	"error session_paid":         "This session has a payment. Delete the payment, or take the session from it, first.",
	"error session_in_statement": "A statement has a payment of this session. Reopen that month first.",
	"open session unpriced":      "%s · no price",
}
