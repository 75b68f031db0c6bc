package web

// textsEnDay are the words of the pages of every day in English.
var textsEnDay = map[string]string{
	// The day sheet.
	"day sheet": "Day sheet", "day before": "Day before", "day after": "Day after", "go": "Go", "field dia": "Day",
	"weekday today": "%s, today", "weekday yesterday": "%s, yesterday", "weekday tomorrow": "%s, tomorrow", "weekday of month": "%s, %d %s",
	"received": "Received", "payments count": "%d payment|%d payments", "new payment": "New payment",
	"recorded this day": "Recorded this day", "nothing this day": "Nothing recorded this day yet.", "expenses this day": "Expenses of the day",
	"time": "Time", "method": "Method", "commission": "Commission", "commission small": "commission", "description": "Description",
	"no client": "No client", "no commission": "no commission", "a deposit": "deposit", "session of": "session %s",
	"correct": "Correct", "delete": "Delete", "the payment of": "the payment of %s",

	// A payment's form.
	"field data": "Date", "field valor": "Amount", "field artista": "Artist", "field cliente": "Client", "field sessao": "Session", "field sinal": "It is a deposit",
	"field sessao_data": "Date of the session", "field sessao_preco": "Price", "field obs": "Notes",
	"add more": "Add another amount", "may be blank": "may be blank", "no session": "No session", "open session": "%s · %s · %s to go",
	"echo hint": "350, 1.234,56 or 200+150 will do.", "echo commission": "commission", "echo studio": "studio",
	"no artist": "There is no artist yet, and every payment has one.", "first artist": "Add the artist",
	"choose artist": "Choose the artist.", "choose again": "Choose again.",
	"record": "Record", "record anyway": "Record anyway", "was the same": "No, it was the same", "save": "Save", "save anyway": "Save anyway",
	"recorded": "%s recorded", "recorded of": "%s of %s recorded", "with commission": ", commission %s", "without commission": ", no commission",
	"new client": "New client.", "new session": "Session of %s made.",
	"asked equal": "There is an equal one at %s. Is this another?", "asked equal sometime": "There is an equal one this day. Is this another?",
	"asked long ago": "%s was more than 7 days ago. Is that right?", "asked ahead": "%s is yet to come. Is that right?",
	"asked unusual":   "%s is ten times what is usual for this artist, %s. Is that right?",
	"month is closed": "%s is closed.", "reopen month": "Reopen %s", "to statement": "See the statement",
	"closed rows": "Its entries are in the statement.", "closed ways": "Reopen the month, or record it with today's date.", "record today": "Record with today's date",
	"error unknown_artist": "This artist is gone. Choose another.", "error unknown_client": "This client is gone. Type the name again.",
	"error missing_client": "The session needs a client. Write the name.", "error unknown_session": "This session is no longer open. Choose another.",
	"error session_linked": "This session is linked to another payment, but not that payment to the session. Correct that one first.", "error others_session": "This session is another client's.",
	"error invalid_amount": "The amount is from R$ 0,00 to R$ 99.999.999,99.", "error invalid_day": "Choose a day from 2000 to 2100.",
	"error invalid_percent": "The commission is from 0 to 100 %.", "error commission_split": "The commission is split: change the split.",

	// One payment.
	"payment of": "%s of %s, %s", "payment on": "%s, %s", "session paid": "session %s, paid", "my commission": "My commission",
	"corrected": "%s corrected.", "deleted": "Deleted: %s.", "already deleted": "This payment had been deleted already.",
	"look before deleting":  "%s changed this payment just now. See how it is before you delete it.",
	"look before splitting": "%s changed this payment just now. Check it, and save the split again.",
	"split":                 "Split commission", "split text": "A line per artist; together up to 100 %. A line without a percentage goes.", "split save": "Save split", "split saved": "Split saved.",
	"commission is split": "The commission is split: see below.",
	"its session":         "Its session", "history of": "Who changed what", "changed add": "recorded", "changed change": "corrected", "changed delete": "deleted", "changed undo": "undid", "changed merge": "merged",
	"made": "%s: %s", "from to": "%s: %s → %s", "yes": "yes", "commission of": "Commission of %s", "percent and amount": "%s %%, %s", "somebody": "Somebody else",
	"error over_100_percent": "The parts come to more than 100 %.", "error artist_twice": "The same artist stands in two lines.",

	"error row_in_use":      "Another entry rests on this by now. Undo or delete that one first.",
	"error linked_row_gone": "Something that this rests on was deleted since. Undo that deletion first.",
	"error event_taken":     "Another entry has the same calendar event by now.",
	"error undo_of_artist":  "The change of an artist cannot be undone. Change the artist again.",

	// Two versions.
	"somebody was faster": "%s: this payment was changed while you corrected it. Which one stays?", "somebody deleted it": "%s: this payment was deleted while you corrected it. Which one stays?",
	"field": "Field", "my version": "Yours", "other version": "The other", "other deleted": "deleted", "both versions": "Both versions",
	"keep mine": "Keep mine", "keep other": "Keep the other",

	// The list of payments.
	"field mes": "Month", "field de": "From", "field ate": "To", "field texto": "Client or text", "filter": "Filter", "all artists": "All", "all methods": "All",
	"without commission box": "No commission", "without client box": "No client", "without session box": "No session", "not a month": "There is no such month.",
	"filtered": "Filtered", "sum": "Sum", "open": "Open", "nothing filtered": "No payment like this.", "only of": "Only of %s", "show all": "Show all",
	"shown of": "%d–%d of %d", "next page": "Next ›", "first page": "‹ From the start", "pages of payments": "Pages of payments",

	// Clients.
	"field q": "Name, or a part of it", "search client": "Search client", "create client": "Create client", "create anyway": "Create anyway", "same client": "There is somebody with this name:",
	"more clients": "There are more. Search by a part of the name.", "no such client": "No client like this.", "no clients": "No clients yet. A new name on the day sheet makes one.", "client made": "%s is a client now.", "client renamed": "The name is %s now.",
	"renamed meanwhile": "Somebody changed the name to %s while you typed. Save again to keep yours.",
	"owed":              "Owed", "older payments": "The older ones are among the payments.", "no live payments": "No payments in open months.", "rename": "Change the name",
	"filter payments": "See among the payments",
}
