package doctor

import (
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
)

// line is one of doctor's messages. Name, message and fix are formats of the same
// values.
type line struct {
	state              State
	name, message, fix string
	mend               string // the program's own remedy, one of Mend…
}

// The remedies a server can apply by itself.
const (
	MendGuards  = "guards"  // guards and keys, put back by a migration
	MendAccount = "account" // the account of programs
	MendQueues  = "queues"  // paused queues of jobs
	MendCopies  = "copies"  // a backup of each closed month without one
)

// Months are the months a line is about.
type Months []books.Month

// String names the first few.
func (m Months) String() string { return some(m) }

// Moment is an instant in the studio's zone.
type Moment time.Time

// String writes it as 2025-10-01 02:00.
func (m Moment) String() string { return time.Time(m).Format("2006-01-02 15:04") }

// lines are doctor's messages by code.
var lines = map[string]line{
	"failed": {Fail, "%[1]s", "%[2]s", "%[3]s", ""},

	// Settings.
	"setting_file":        {Fail, "setting file .env", "%s", "write one NAME=value on each line of .env", ""},
	"setting_wrong":       {Fail, "setting %[1]s", "%[2]s", "correct %[1]s%[3]s", ""},
	"setting_ignored":     {Warn, "setting %[1]s", "ignored: %[4]s", "write LOG_FORMAT=text or json, or remove it", ""},
	"setting_noted":       {OK, "setting %[1]s", "%[2]s (%[3]s): %[4]s", "", ""},
	"setting_unbacked":    {Warn, "setting %[1]s", "%[2]s (%[3]s): a month is closed even if its backup cannot be written, and the chain records it permanently", "set EXTRATO_REQUIRE_BACKUP=true", ""},
	"setting_by_hand":     {Warn, "setting %[1]s", "%[2]s (%[3]s): months do not close by themselves", "set ENABLE_MONTHLY_EXTRATO_JOB=true, or close every month with extrato close", ""},
	"setting":             {OK, "setting %[1]s", "%[2]s (%[3]s)", "", ""},
	"timezone_wrong":      {Fail, "timezone", "%[1]s", "set TZ%[2]s to a name such as America/Sao_Paulo", ""},
	"timezone":            {OK, "timezone", "%[1]s (%[2]s): it is %[3]s, %[5]s there%[4]s", "", ""},
	"v4_zone_unset":       {Warn, "v4's zone", "TZ is not set, so %s is used; v4's code and .env.example default to UTC, its compose file to America/Sao_Paulo", "set TZ to the zone that v4 ran with, before migrate or import", ""},
	"v4_zone":             {OK, "v4's zone", "%s; keep the zone that v4 ran with: v4's code and .env.example default to UTC, its compose file to America/Sao_Paulo", "", ""},
	"schedule_after_net":  {Warn, "schedule", "next due: %[1]s at %[2]s, %[3]s at %[4]s, %[5]s at %[6]s; the safety net, which comes on days 2 to 7, sees that a month later", "set EXTRATO_SCHEDULE to a day up to the %[7]dth, or let the safety net run on later days too", ""},
	"schedule":            {OK, "schedule", "next due: %[1]s at %[2]s, %[3]s at %[4]s, %[5]s at %[6]s", "", ""},
	"key_unset":           {Warn, "key", "JWT_SECRET_KEY is not set: serve refuses to start, and no token can be made", "export JWT_SECRET_KEY=$(openssl rand -hex 32), and keep it", ""},
	"key":                 {OK, "key", "long enough; a token can be made with it and read back", "", ""},
	"job_identity_unused": {OK, "job identity", "not used: jobs come with a token", "", ""},
	"job_identity":        {OK, "job identity", "jobs of %[1]s, %[2]s at %[3]s may back up and close", "", ""},
	"job_identity_half":   {Fail, "job identity", "%d of the four pins are set: no job can come in", "set all of EXTRATO_JOB_OIDC_AUDIENCE, _REPOSITORY, _REF and _WORKFLOW, or none", ""},
	"sign_in_password":    {OK, "sign-in", "by password", "", ""},
	"sign_in_half":        {Fail, "sign-in", "only one half of the provider is set", "set both EXTRATO_LOGIN_OIDC_ISSUER and EXTRATO_LOGIN_OIDC_CLIENT_ID", ""},
	"sign_in_nobody":      {Warn, "sign-in", "a provider is set, and AUTHORIZED_EMAILS lets nobody in", "name them in AUTHORIZED_EMAILS", ""},
	"sign_in":             {OK, "sign-in", "by password, or with the provider for %d addresses", "", ""},
	"telling_nobody":      {Warn, "telling", "nobody is notified when a month cannot be closed", "set EXTRATO_NOTIFY to the places to notify", ""},
	"telling_wrong":       {Fail, "telling", "%[1]s", "%[2]s", ""},
	"telling":             {OK, "telling", "%d places", "", ""},
	"address_open":        {Warn, "address", "serve listens on %s for everybody, without TLS", "put a proxy with TLS in front, and name it in EXTRATO_TRUSTED_PROXIES", ""},

	// The server.
	"server_none":     {OK, "server", "none answers at %s; extrato serve starts one, and months can be closed without", "", ""},
	"server_other":    {Warn, "server", "another program answers at %s", "set PORT to a free one, or stop the other program", ""},
	"server_unready":  {Warn, "server", "the one at %s is not ready: %s", "look in its log", ""},
	"server_open":     {Fail, "server", "the one at %s answers %d to %s without a token, not 401", "check the proxy in front of it, and which program answers", ""},
	"server":          {OK, "server", "the one at %s is ready, and its service endpoints let nobody in without a token", "", ""},
	"queues_paused":   {Warn, "queues", "queues of jobs are paused (%s): months do not close by themselves, or nobody is notified", "extrato serve resumes them when it starts, and again every 20 seconds; if it runs, look in its log", MendQueues},
	"queues":          {OK, "queues", "no queue of jobs is paused", "", ""},
	"account_missing": {OK, "service account", "user %d is not there yet; serve makes it", "", ""},
	"account_off":     {Warn, "service account", "user %d is disabled or not an admin: tokens for programs are refused", "restart extrato serve: it repairs the account", MendAccount},
	"account":         {OK, "service account", "user %d is there", "", ""},
	"tokens_ending":   {Warn, "tokens", "end soon: %s", "extrato token create makes another; then extrato token revoke ID", ""},
	"tokens":          {OK, "tokens", "%d valid, and none ends soon", "", ""},
	"v4_token":        {Warn, "v4's token", "the token of v4's that was used last lives until %s and cannot be revoked", "replace it: extrato token create NAME --scope backup --scope close, then change JWT_SECRET_KEY", ""},
	"v4_beside":       {OK, "v4 beside us", "v4 has closed nothing since %s", "", ""},
	"v4_closes":       {Warn, "v4 beside us", "v4 still closes months by itself, without our proof: %s", "in v4's environment set ENABLE_MONTHLY_EXTRATO_JOB=false, and keep its Histórico page closed from day 2 on: opening it closes a month", ""},
	"net_unseen":      {Warn, "safety net", "it was never seen: nobody elsewhere notices when this server is down", "set it up: docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md", ""},
	"net_silent":      {Warn, "safety net", "it was last seen on %s", "check that its schedule still exists", ""},
	"net":             {OK, "safety net", "last seen on %s", "", ""},

	// The database.
	"database_empty":    {Fail, "database", "%s is empty", "make one: extrato migrate (empty), extrato import --from URL (from v4), extrato demo (to try)", ""},
	"database_v4":       {Fail, "database", "%s is v4's: extrato has not taken it over", "make a dump of it, then run: extrato migrate", ""},
	"database_v4_file":  {Fail, "database", "%[1]s is v4's", "copy it into a new database, and set DATABASE_URL to that: DATABASE_URL=sqlite:///data/extrato.db extrato import --from sqlite:///%[2]s", ""},
	"database_older":    {Warn, "database", "%s was made by an older version of extrato", "extrato migrate, or any command that closes", ""},
	"database_newer":    {Fail, "database", "%s was made by a newer version of extrato", "install the newer extrato", ""},
	"database":          {OK, "database", "%s answers and is of this version", "", ""},
	"database_writable": {OK, "database writable", "yes", "", ""},
	"guards_gone":       {Fail, "guards", "triggers that keep closed months from being changed are gone, switched off or not ours: %s", "extrato audit verify says if anything was changed meanwhile; extrato migrate puts them back", MendGuards},
	"guards":            {OK, "guards", "triggers keep closed months from being changed", "", ""},
	"tables":            {OK, "tables", "the books', extratos, extrato_run_logs and our own are there, and show all their rows", "", ""},
	"disk_remote":       {Warn, "database disk", "%s is on %s: the locks of SQLite may not hold there, and two processes could damage the file", "move the file to a disk of this machine, or use PostgreSQL", ""},
	"disk":              {OK, "database disk", "%s is on a disk of this machine", "", ""},
	"file_unchecked":    {Warn, "database file", "the check of the whole file was broken off after %s", "stop the server and run on a copy of the file: sqlite3 COPY 'PRAGMA integrity_check'", ""},
	"file_index":        {Fail, "database file", "an index disagrees with its table: %s", "keep a copy of the file; stop extrato, then: sqlite3 FILE REINDEX; until then months show fewer rows than there are", ""},
	"file_damaged":      {Fail, "database file", "damaged: %s", "keep a copy of the file as it is; restore it from a copy, or its months from the backups", ""},
	"file":              {OK, "database file", "SQLite finds it whole, its indexes too (PRAGMA integrity_check)", "", ""},
	"clock_skew":        {Fail, "clock", "the clocks of this machine and of the database differ by %s: no month can be closed", "set both clocks (NTP)", ""},
	"clock_future":      {Fail, "clock", "%s was made in the future: no month can be closed", "check this machine's clock; if it is right, correct the row's created_at", ""},
	"clock_agrees":      {OK, "clock", "this machine and the database agree; no row was made in the future", "", ""},
	"clock":             {OK, "clock", "no row was made in the future", "", ""},
	"keys_unique":       {Fail, "keys", "unique keys are missing: %s", "extrato migrate adds them", MendGuards},
	"keys_foreign":      {Warn, "keys", "foreign keys are missing: %s; every close keeps writers out of the books while it runs", "add them when the rows allow it; closes are right without them", ""},
	"keys":              {OK, "keys", "the foreign keys and unique keys that a close rests on are there", "", ""},
	"triggers_others":   {Warn, "triggers", "triggers act on the books' rows: %s", "make sure that they let rows be deleted and restored unchanged; otherwise the close or the reopening is refused", ""},
	"triggers":          {OK, "triggers", "no trigger acts on the books' rows before they are written", "", ""},
	"columns_unknown":   {Fail, "columns", "columns that no backup would hold have data in them: %s; months with such rows cannot be closed", "empty or drop the column, or ask for a version of extrato that carries it", ""},
	"columns":           {OK, "columns", "backups hold every column with data", "", ""},
	"texts_bad":         {Fail, "texts", "texts are not UTF-8: %s", "correct them in the database, or load a dump (pg_dump --encoding of what they are) into one made with ENCODING 'UTF8'; their months cannot be closed", ""},
	"dates_bad":         {Fail, "dates", "rows belong to no month: %s", "correct them in the database: they are in no backup and no statement", ""},
	"dates":             {OK, "dates", "every live row belongs to a month", "", ""},
	"amounts_bad":       {Fail, "amounts", "rows cannot be kept exactly: %s", "correct them in the database; their months cannot be closed", ""},
	"amounts":           {OK, "amounts", "every live row can be kept exactly", "", ""},

	// Months.
	"months_due":     {Warn, "months", "due, and not closed yet: %s", "extrato close", ""},
	"months_later":   {Warn, "months", "rows are dated after the running month: %s", "correct their dates, or let them wait", ""},
	"months_held":    {Warn, "months", "reopened, and closed only by a person: %s", "extrato close MONTH, when it is right", ""},
	"months_old":     {Warn, "months", "older than %[2]s, where the schedule begins, and closed only by a person: %[1]s", "extrato close MONTH, oldest first", ""},
	"months":         {OK, "months", "none waits for a person; the schedule closes from %s on", "", ""},
	"late_rows":      {Warn, "late rows", "rows were added to months that are closed: %s", "extrato close MONTH --force makes the next revision", ""},
	"late_rows_v4":   {Warn, "late rows", "rows stand beside statements of v4's, which cannot be revised: %s", "move them to a month that is open, by their date, or delete those that the statement holds already", ""},
	"late_rows_none": {OK, "late rows", "none", "", ""},
	"last_unbacked":  {OK, "last month", "%[1]s has its statement (revision %[2]d), without a backup of ours", "", ""},
	"last":           {OK, "last month", "%[1]s has its statement (revision %[2]d) and its backup, found %[3]s on %[4]s", "", ""},
	"last_v4":        {OK, "last month", "%s has a statement of v4's", "", ""},
	"last_held":      {Warn, "last month", "%[1]s was reopened and has no statement", "extrato close %[1]s, when it is right", ""},
	"last_old":       {OK, "last month", "%[1]s is older than %[2]s, where the schedule begins", "", ""},
	"last_waits":     {OK, "last month", "%[1]s is due at %[2]s", "", ""},
	"last_overdue":   {Warn, "last month", "%[1]s has no statement, and was due at %[2]s", "extrato close %[1]s; then look why serve did not", ""},

	// Backups.
	"folder_empty":        {Fail, "backup folder", "%[1]s holds none of the %[2]d backups that were made: no month can be closed", "mount the disk they are on, or copy them there; if they are lost for good: extrato backup create MONTH --new-place", ""},
	"folder_full":         {Fail, "backup folder", "%[1]s cannot be written: %[2]s", "free some space on the disk with the backups", ""},
	"folder_no_fsync":     {Fail, "backup folder", "%[1]s cannot be written: %[2]s", "set EXTRATO_BACKUPS to a folder on a local disk: this file system refuses fsync", ""},
	"folder_closed":       {Fail, "backup folder", "%[1]s cannot be written: %[2]s", "make the folder in EXTRATO_BACKUPS a folder that extrato may write", ""},
	"folder_to_come":      {OK, "backup folder", "%s does not exist yet; the first backup makes it", "", ""},
	"folder":              {OK, "backup folder", "%[1]s can be written and holds %[2]d of the backups that the database knows", "", ""},
	"folder_unknown":      {OK, "backup folder", "%s can be written", "", ""},
	"same_disk":           {Warn, "backup disk", "the backups are on the same disk as the database: whoever loses one loses both", "set EXTRATO_BACKUPS to a folder on another disk, and name places elsewhere in EXTRATO_BACKUPS_COPY", ""},
	"other_disk":          {OK, "backup disk", "the backups are on another disk than the database", "", ""},
	"space_short":         {Fail, "disk space", "the disk with %[1]s has %[3]d MB free, a close may need %[4]d MB", "free some space on the disk with %[2]s", ""},
	"space":               {OK, "disk space", "there is room for a close", "", ""},
	"backups_bad":         {Fail, "backups", "the backups that these statements rest on are gone or corrupt: %[1]s", "put them back as they were, from a copy of the folder, then extrato backup verify; where there is none, extrato backup create MONTH makes a new copy from the statement, and reopen and close let the month rest on it%[2]s", ""},
	"backups_none":        {Warn, "backups", "closed without a backup: %s", "extrato backup create MONTH makes one from the statement", MendCopies},
	"backups":             {OK, "backups", "%[1]d statements rest on backups that were whole when they were last read, %[2]s or later", "", ""},
	"backups_unused":      {OK, "backups", "no statement needs one yet", "", ""},
	"register_missing":    {Warn, "restore of everything", "%[1]d entries of the chain or statements are not written beside the backups yet, the first is %[2]s", "extrato serve writes them within a minute; if this stays, see its log, and let it write the folder in EXTRATO_BACKUPS", ""},
	"register_differs":    {Fail, "restore of everything", "%[1]d files beside the backups are not as this database wrote them: %[2]s", "keep the file, but outside the folder; extrato serve writes it anew from the database. Is the database the right one? extrato audit verify --head HASH, with a head kept elsewhere", ""},
	"studio_none":         {OK, "restore of everything", "the live rows were not copied beside the backups yet; extrato serve does so by itself", "", ""},
	"studio":              {OK, "restore of everything", "every entry of the chain is beside the backups; the live rows are as they were at %s", "", ""},
	"full_unable":         {Warn, "whole copy", "%[1]s: the rows of the running month have no copy", "%[2]s", ""},
	"full_none":           {OK, "whole copy", "the database was not copied as a whole yet; extrato serve does so by itself, and so does extrato backup full", "", ""},
	"full_old":            {Warn, "whole copy", "the last copy of the whole database is of %s", "extrato backup full makes one and says what fails; extrato serve makes one every day", ""},
	"full":                {OK, "whole copy", "the last copy of the whole database, the running month too, is of %s", "", ""},
	"place_down":          {Warn, "copies elsewhere", "%[2]s", "%[3]s", ""},
	"place_down_required": {Fail, "copies elsewhere", "%[2]s; no month can be closed (EXTRATO_BACKUPS_REQUIRE=all)", "%[3]s", ""},
	"place_clear":         {Warn, "copies elsewhere", "%[1]s is reached over plain http: whoever is on the way can read and change what is sent", "write https:// in its endpoint; EXTRATO_BACKUPS_RECIPIENTS encrypts at least what the copies say", ""},
	"copies_bad":          {Fail, "copies elsewhere", "%[1]s: %[2]d copies are not as they were put, such as %[3]s, which is %[4]s; it is still in %[5]s", "extrato backup copy says what to do about each", ""},
	"copies_lost":         {Fail, "copies elsewhere", "%[1]s: %[2]d copies are not as they were put, such as %[3]s, which is %[4]s; nothing else is known to hold it", "keep what is there; extrato backup copy says what to do about each", ""},
	"copies_unlocked":     {Warn, "copies elsewhere", "%[1]s: of %[2]d copies %[3]s", "let the key extend locks (s3:PutObjectRetention, s3:GetObjectRetention), then: extrato backup copy --check", ""},
	"copies_unread":       {Warn, "copies elsewhere", "%[1]s: some copies were last read on %[2]s", "extrato serve reads each once in 30 days by itself; extrato backup copy does it now", ""},
	"copies_late":         {Warn, "copies elsewhere", "%[1]s: %[2]d objects have had no proved copy there, since %[3]s", "extrato backup copy makes them and says what fails", ""},
	"copies_pending":      {OK, "copies elsewhere", "%[1]s: %[2]d objects proved, %[3]d not copied yet", "", ""},
	"copies_none":         {OK, "copies elsewhere", "%[1]s can be used; nothing was copied yet", "", ""},
	"copies":              {OK, "copies elsewhere", "%[1]s: %[2]d objects proved, the last checks are of %[3]s or later", "", ""},
	"drill_wrong":         {Fail, "drill", "restored in a drill, the backups of these months do not give their statements again: %s", "extrato drill MONTH says what still holds the rows and what to do next; run it again once that is done", ""},
	"drill_failed":        {Warn, "drill", "the backups of these months could not be restored in a drill: %s", "extrato drill MONTH says why", ""},
	"drill_old":           {Warn, "drill", "no backup was restored in a drill since %s", "extrato drill; a running extrato serve does so every month", ""},
	"drill_unused":        {OK, "drill", "no statement has a backup to restore yet", "", ""},
	"drill_to_come":       {OK, "drill", "none yet: extrato serve restores a backup every month, and extrato drill does now", "", ""},
	"drill":               {OK, "drill", "the backups of %[1]d months gave their statements again when they were last restored, the last on %[2]s", "", ""},
	"stamp_none":          {Warn, "time stamp", "EXTRATO_TSA is set, and no head of the chain was stamped yet", "extrato serve has one stamped within an hour of a close; its log says what fails", ""},
	"stamp":               {OK, "time stamp", "%[1]d entries are stamped with the time, on %[2]s", "", ""},
	"head_key_lost":       {Fail, "signed head", "the key that signs the chain's head is lost: statements carry no proof, and the safety net stops", "extrato audit rekey --reason TEXT makes a new key; give it to everybody who had the old one", ""},
	"head_unseen":         {OK, "signed head", "signed as %s; nobody else has cosigned a head yet", "", ""},
	"head_old":            {Warn, "signed head", "nobody else has cosigned a head since %[2]s (%[1]d entries)", "run extrato safetynet with EXTRATO_SAFETYNET_KEY, and see what it says", ""},
	"head":                {OK, "signed head", "signed as %[1]s; %[3]s saw %[2]d entries on %[4]s", "", ""},
	"chain_wrong":         {Fail, "chain", "%s", "extrato audit verify says more; " + MendBooks, ""},
	"chain_empty":         {OK, "chain", "no month was closed yet", "", ""},
	"chain":               {OK, "chain", "%[1]d entries, all intact; every statement is as it was closed; head %[2]s", "", ""},
}

// Text is one of doctor's messages: formats of the same values.
type Text struct{ Name, Message, Fix string }

// Texts returns doctor's messages by code.
func Texts() map[string]Text {
	all := map[string]Text{}
	for code, l := range lines {
		all[code] = Text{l.name, l.message, l.fix}
	}
	return all
}

// say adds a line about values.
func (r *Report) say(code string, values ...any) {
	l := lines[code]
	r.Checks = append(r.Checks, Check{
		Name: filled(l.name, values), State: l.state, Message: filled(l.message, values), Fix: filled(l.fix, values),
		Code: code, Values: values, Mend: l.mend,
	})
}

// filled puts values into a format, unless it has no place for any.
func filled(format string, values []any) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, values...)
}
