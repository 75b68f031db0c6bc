package web

// textsEnMonth are the words of the pages of a month in English: closing, reopening,
// statements, Início.
var textsEnMonth = map[string]string{
	// Months.
	"moment format": "2 Jan 2006, 15:04", "short day format": "2 Jan",
	"month open": "open", "month due": "to close", "month closed": "closed", "month late": "with late rows", "month held": "reopened",
	"backup broken": "backup damaged", "backup unchecked": "backup to be checked",
	"backup corrupt": "The backup changed after the close.", "backup missing": "The file of the backup is gone.",
	"revenue": "Revenue", "commissions": "Commissions", "expenses": "Expenses", "net": "Net",
	"commissions count": "%d commission|%d commissions", "expenses count": "%d expense|%d expenses",
	"see month": "See %s", "see statement": "See the statement", "reopen": "Reopen", "nobody": "no client",
	"page before": "‹ Previous", "page next": "Next ›",

	"years": "Years", "months": "Months", "client": "Client", "artist": "Artist", "payment": "Payment", "of": "of", "share": "Share", "category": "Category",
	"total": "Total", "total of": "Total (%d)", "parts of": "Pages of %s", "part of": "%d to %d of %d",
	"no payments": "No payment.", "no commissions": "No commission.", "no sessions": "No session.", "no expenses": "No expense.",
	"nothing earned": "No revenue.", "no description": "no description",
	"sessions done": "Sessions done", "by artist": "Commissions by artist", "by method": "Revenue by method",
	"month's expenses": "Expenses of the month", "month's totals": "Totals of the month",
	"done open": "open", "done paid": "paid", "done completed": "completed",
	"total revenue": "Total revenue", "total expenses": "Expenses", "balance": "Balance (revenue − expenses)", "net revenue": "Net revenue",
	"produced": "Produced",

	// Statements and months without one.
	"statement of": "Statement of %s", "history month": "History of %s", "history text": "The months that have no statement yet.",
	"not closed yet": "%s is not closed yet.", "no statements": "There are no statements yet. The first one comes when a month closes.", "no open months": "No month is open.",
	"revision of": "Revision %d of the statement of %s", "earlier revision": "earlier revision", "newest revision": "See the present revision",
	"revisions": "What changed", "revision n": "Revision %d", "reopened n": "Reopening of revision %d", "when": "When", "reason": "Reason",
	"check and close": "Check and close", "month": "Month",

	// Início.
	"what waits": "What waits today", "all done": "Nothing is waiting.", "month so far": "This month so far", "same days": "Always up to day %d, to compare the same days.",
	"day by day": "%s, day by day", "revenue by day": "Revenue by day", "plot of days": "Revenue by day of %s; today %s", "see as table": "See as a table",
	"last months": "Last 12 months", "net in reais": "net in R$", "last entries": "Last entries", "my last entries": "My last payments", "today": "today",
	"more than": "▲ %s %% over %s", "less than": "▼ %s %% below %s", "same as": "as in %s", "was": "%s in %s",
	"to receive": "to receive", "sessions owing": "%d session not paid in full|%d sessions not paid in full", "owed text": "%s left to pay.",
	"late count": "%d late row|%d late rows", "old months": "%d old month open|%d old months open",
	"task late": "%s has %s", "task late text": "It came after the close.", "task held": "%s is reopened", "task held text": "It closes again only when a person closes it.",
	"task due": "%s has ended and is not closed", "task due text": "The schedule did not close it.", "task ended": "%s has ended", "task ended text": "It closes by itself on %s.",
	"task old": "%s is open", "task old text": "It is from before the schedule: it waits for you.", "task backup": "%s: something is wrong with the backup",

	// Closing a month.
	"close month": "Close %s", "becomes a statement": "%s becomes a statement: %s.",
	"before closing": "Before you close", "nothing blocks": "none of this keeps you from it",
	"where the copy goes": "Where the backup goes", "this computer": "On this computer", "room": "there is room: %s free",
	"close text":     "You may close the browser: the close goes on. It can be reopened later.",
	"closed now":     "%s is closed. The backup was checked byte by byte.",
	"closed already": "%s was closed already.", "statement wrong": "statement damaged",
	"check no_commission": "payment without a commission|payments without a commission", "check no_commission none": "No payment without a commission",
	"check no_client": "payment without a client|payments without a client", "check no_client none": "No payment without a client",
	"check unpaid_session": "session of {mês} that nobody paid|sessions of {mês} that nobody paid", "check unpaid_session none": "No session to be paid",
	"check part_paid": "session leaves with a part still owed|sessions leave with a part still owed", "check part_paid none": "No session leaves with a part still owed",
	"check coming_deposit": "deposit whose session is to come|deposits whose session is to come", "check coming_deposit none": "No deposit of a session to come",
	"check equal_payments": "possible duplicate|possible duplicates", "check equal_payments none": "No possible duplicate",
	"check missing_expense": "expense that {antes} had and {mês} has not|expenses that {antes} had and {mês} has not", "check missing_expense none": "No expense of the month before is missing",
	"check earlier_open": "earlier month open|earlier months open", "check earlier_open none": "No earlier month open",
	"check v4_closes": "month that v4 closed by itself: turn its closing off|months that v4 closed by itself: turn its closing off", "check v4_closes none": "No closing by v4 in the way",
	"check artist": "%s (%d)", "check deposit": "%s, %s, session of %s", "and more": "and %d more|and %d more",
	"see them": "See", "see payments": "See payments", "see expenses": "See expenses", "receive": "Receive",

	// Late rows.
	"late rows": "Late rows", "late sentence": "%d row came after the close.|%d rows came after the close.",
	"before": "Before", "after": "After", "take late rows": "Include the late rows",
	"late text": "The statement gets a new revision; the present one is kept.",
	"what":      "What", "date": "Date", "recorded at": "Recorded", "amount": "Amount",
	"late payment": "Payment · %s", "late session": "Session · %s", "late commission": "Commission · %s", "late expense": "Expense · %s",

	// Reopening a month.
	"reopened now": "%s is reopened. Correct what you must, and close it again.", "leave closed": "Leave it closed",
	"reopen sentence": "These are open again: %s.", "reopen rows": "The rows come back exactly as they were, and can be corrected.",
	"reopen statement": "The statement goes, and is kept as revision %d.", "reopen held": "The month closes again only when a person closes it: the schedule leaves it alone.",
	"reopen emptied":   "%d row comes back without its link, because the other end was deleted.|%d rows come back without their link, because the other end was deleted.",
	"reopen beside v4": "v4 uses the same database: keep its closing off, and its Histórico page closed, until the month is closed here again.",
	"field motivo":     "Reason", "reason text": "It stays in the chain of closings for ever, with your name and the hour.",

	// A close at work.
	"run started": "Began at %s.", "run elsewhere": "This close is with another server, or was cut off.",
	"run unknown":   "Until the month shows as closed, nothing has changed. This page looks again by itself.",
	"stage reading": "Reading", "stage copying": "Copying", "stage verifying": "Checking the backup", "stage storing": "Storing the statement",
	"stage removing": "Taking the rows out", "stage finished": "Done",

	// The proof.
	"proof title": "Proof", "proof details": "Details for those who want to check",
	"proof": "Closed on %s with %s; backup checked byte by byte.", "proof short": "Closed on %s; backup checked byte by byte.",
	"proof without backup": "Closed on %s with %s, without a backup.", "proof of v4": "Closed by v4; recorded here on %s.",
	"proof unrecorded": "Closed by v4, not recorded yet.",
	"proof chain":      "Chain of closings", "proof chain number": "no. %d", "proof by": "Closed by", "by schedule": "the schedule",
	"proof fingerprint": "Fingerprint of the rows", "proof file": "Backup", "proof hash": "Chain hash", "proof correlation": "Correlation",

	// Refusals.
	"refused not ended": "%s has not ended.", "refused not ended fix": "A month closes only after its last day. Until then, just go on recording.",
	"refused clock": "%s was not changed: the clock is wrong.", "refused clock fix": "Ask the person who looks after the server to set it, and try again.",
	"refused unwritable": "%s was not changed: the backup could not be written.", "refused unwritable fix": "The folder of the backups is full, not permitted, or not connected. Mend that and try again.",
	"refused slow": "%s was not changed: the place of the backups did not answer in time.", "refused slow fix": "The disk or the network is slow or stuck. Try again in a while.",
	"refused places": "%s was not changed: a place of the copies could not be used.", "refused places fix": "A month closes here only once every place holds its backup. See which one fails on Diagnosis, mend it and try again.",
	"refused backup": "%s was not changed: the backup did not check.", "refused backup fix": "The file read back differs from the one written. It may be the disk: call the person who looks after the server.",
	"refused disk": "%s was not changed: the disk has no room.", "refused disk fix": "Free some space and try again.",
	"refused busy": "%s was not changed: others were recording at the same moment.", "refused busy fix": "Try again.",
	"refused locked": "%s is being closed or reopened by another program.", "refused locked fix": "Wait a minute and try again.",
	"refused column": "%s was not changed: there is data in a column that this program does not know.", "refused column fix": "The backup would not hold it. Call the person who looks after the server.",
	"refused return": "%s was not changed: the rows could not come back later.", "refused return fix": "Something in the database holds them. Call the person who looks after the server.",
	"refused row": "%s was not changed: a row cannot be read exactly.", "refused row fix": "Correct that row and try again.",
	"refused database": "%s was not changed: the database is damaged.", "refused database fix": "Delete nothing, and call the person who looks after the server.",
	"refused changed": "%s: the statement was changed after the close.", "refused changed fix": "Somebody changed it in the database, so no amount is shown here. Leave all as it is and call the person who looks after the server.",
	"refused gone": "%s: the statement is gone from the database.", "refused gone fix": "The backup still has the rows. Delete nothing, and call the person who looks after the server.",
	"refused v4": "%s: the statement is v4's and cannot be changed.", "refused v4 fix": "It lacks the numbers of its rows. Correct what you must in the present month.",
	"refused outcome": "%s: nobody knows whether it was closed, the connection was lost at the end.", "refused outcome fix": "Try again: if it is closed, the page says so.",
	"refused unreachable": "%s was not changed: the database did not answer.", "refused unreachable fix": "Try again in a while.",
	"refused not closed": "%s is open.", "refused not closed fix": "There is nothing to reopen: rows can be recorded and corrected now.",
	"refused held": "%s is reopened already.", "refused held fix": "Correct what you must, and close it again.",
	"refused elsewhere": "%s cannot be reopened yet.", "refused elsewhere fix": "One of its rows is linked to another closed month. Reopen that one first.",
	"refused taken": "%s cannot be reopened: one of its rows is live already.", "refused taken fix": "Somebody put it back by hand. Call the person who looks after the server.",
	"refused other": "%s was not changed.", "refused other fix": "Something was in the way, and nothing changed. Send the number below to the person who looks after the system.",
}
