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
	"error session_linked": "This session has another payment that does not name it. Correct that one first.", "error others_session": "This session is another client's.",
	"error invalid_amount": "The amount is from R$ 0,00 to R$ 99.999.999,99.", "error invalid_day": "Choose a day from 2000 to 2100.",
	"error invalid_percent": "The commission is from 0 to 100 %.", "error commission_split": "The commission is split: change the split.",
}
