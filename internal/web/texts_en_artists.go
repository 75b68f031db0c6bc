package web

// textsEnArtists are the words of the pages of artists and their commissions.
var textsEnArtists = map[string]string{
	// Commissions.
	"commission in short": "%s of %s, %s %% of %s", "commission unpaired": "%s of %s, without a payment", "open payment": "Open the payment",
	"percent above zero": "A commission is above zero. For none at all, delete it.",
	"error no_payment":   "Without an open payment it cannot be computed: leave the percentage as it is.",

	// Artists.
	"create artist": "Create artist", "artist made": "%s is among the artists.", "artist inactive": "inactive", "tattoos too": "Who else tattoos?", "tattoos now": "%s is among the artists now.",
	"make inactive": "Make inactive", "make active": "Make active", "artist gone": "%s cannot be chosen any more. Existing rows stay.", "artist back": "%s can be chosen again.",
	"field desde": "From", "default percent": "Default commission", "default percent text": "for payments from that day on",
	"term from": "From %s", "term ever": "From the beginning", "term now": "today", "percent set": "%s %% for %s from %s on.", "access of artist": "a link to choose a password, which you send as you like",
}
