// Package config reads the program's settings: flags win over the environment,
// the environment over a file .env in the working directory, that over the
// defaults. It keeps each value's source.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Variable is one setting.
type Variable struct {
	Name, Default, Meaning string
	Secret                 bool
}

// Variables are all settings of this program, in doctor's order.
var Variables = []Variable{
	{"DATABASE_URL", "sqlite:///data/extrato.db", "the database", true},
	{"EXTRATO_BACKUPS", "data/backups", "the folder of the backups", false},
	{"EXTRATO_BACKUPS_COPY", "", "further places of the backups: folders and buckets, comma-separated", false},
	{"EXTRATO_BACKUPS_REQUIRE", "local", "what a close waits for: local, or all places", false},
	{"EXTRATO_BACKUPS_RECIPIENTS", "", "who can open the copies elsewhere: two age recipients or more", false},
	{"TZ", "America/Sao_Paulo", "the studio's time zone", false},
	{"EXTRATO_REQUIRE_BACKUP", "true", "whether a month may close without a backup", false},
	{"EXTRATO_SCHEDULE", "0 2 1 * *", "when the month that ended becomes due", false},
	{"EXTRATO_CLOSE_FROM", "", "the first month that the schedule closes by itself", false},
	{"ENABLE_MONTHLY_EXTRATO_JOB", "true", "whether months close by themselves", false},
	{"JWT_SECRET_KEY", "", "the key that signs tokens, at least 32 characters", true},
	{"AUTHORIZED_EMAILS", "", "who may sign in through OpenID Connect", false},
	{"EXTRATO_LOGIN_OIDC_ISSUER", "", "the provider people sign in with", false},
	{"EXTRATO_LOGIN_OIDC_CLIENT_ID", "", "this program's name at that provider", false},
	{"EXTRATO_LOGIN_OIDC_CLIENT_SECRET", "", "its secret there", true},
	{"EXTRATO_JOB_OIDC_ISSUER", "https://token.actions.githubusercontent.com", "who vouches for jobs without a stored secret", false},
	{"EXTRATO_JOB_OIDC_AUDIENCE", "", "the audience of a job's identity", false},
	{"EXTRATO_JOB_OIDC_REPOSITORY", "", "the repository of the jobs that may close", false},
	{"EXTRATO_JOB_OIDC_REF", "", "their branch or tag, such as refs/heads/main", false},
	{"EXTRATO_JOB_OIDC_WORKFLOW", "", "their workflow's file, such as monthly_extrato_backup.yml", false},
	{"EXTRATO_NOTIFY", "", "whom to tell: comma-separated shoutrrr URLs", true},
	{"EXTRATO_HEARTBEAT_URL", "", "pinged at start, success and failure of the monthly job", true},
	{"EXTRATO_RATE_LIMIT", "10/m", "logins, failed tokens and v4's calls, per address and account; off", false},
	{"EXTRATO_TRUSTED_PROXIES", "", "whose X-Forwarded-* is believed: addresses or networks", false},
	{"EXTRATO_API_BASE_URL", "", "the server that safetynet looks after", true},
	{"EXTRATO_API_TOKEN", "", "safetynet's token there", true},
	{"EXTRATO_TSA", "", "the time stamp authority for the chain's head, with the file of its root certificate behind #", false},
	{"EXTRATO_SAFETYNET_KEY", "", "the key with which safetynet cosigns what it has checked", true},
	{"EXTRATO_SAFETYNET_PAUSE", "5s", "safetynet's first pause between tries; it doubles", false},
	{"HOST", "127.0.0.1", "where serve listens", false},
	{"PORT", "8080", "where serve listens", false},
	{"LOG_LEVEL", "info", "debug, info, warn or error", false},
	{"LOG_FORMAT", "", "text or json", false},
}

// Value is a setting's value and where it came from.
type Value struct {
	Text   string
	Source string // flag, environment, .env, default
}

// File is the key of Problems about the file .env itself.
const File = ".env"

// Config holds the settings, read and checked.
type Config struct {
	Values        map[string]Value
	Problems      map[string]string // faults, by the variable's name
	Notes         map[string]string // values taken for v4's, by the variable's name
	DatabaseURL   string
	Backups       string
	Copies        Copies
	Zone          *time.Location // nil if TZ names none
	RequireBackup bool
	MonthlyJob    bool
	Schedule      string
	CloseFrom     string
	LogLevel      string
	LogFormat     string

	JWTKey         string
	Emails         []string // allowed to sign in through OpenID Connect, in lower case
	Login          LoginOIDC
	Job            JobOIDC
	Notify         []string // shoutrrr URLs
	HeartbeatURL   string
	TSA            string // as it was written
	Rate           Rate
	TrustedProxies []netip.Prefix
	Host, Port     string
	Net            SafetyNet
}

// Copies are the further places of the backups.
type Copies struct {
	Places     []string
	Recipients string // as it was written
	RequireAll bool   // a close waits for all of them
}

// SafetyNet is safetynet's server, its identity there, and its first pause.
type SafetyNet struct {
	BaseURL, Token string
	Key            string // private; "": nothing is cosigned
	Pause          time.Duration
}

// LoginOIDC is the OpenID Connect provider people sign in with.
type LoginOIDC struct{ Issuer, ClientID, ClientSecret string }

// JobOIDC is the identity of jobs allowed to back up and close without a stored
// secret; all of it must match.
type JobOIDC struct{ Issuer, Audience, Repository, Ref, Workflow string }

// Rate is a number of tries per duration; the zero Rate is no limit.
type Rate struct {
	Tries int
	Per   time.Duration
}

// Load reads the settings. flags holds the values of the command line, by the
// variable's name. Its error is the first of the Problems, with the variable
// and its allowed values; the other settings are read all the same.
func Load(flags map[string]string) (Config, error) {
	c := Config{Values: map[string]Value{}, Problems: map[string]string{}, Notes: map[string]string{}}
	var first error
	check := func(name string, err error) {
		if err != nil {
			c.Problems[name] = err.Error()
			first = cmp.Or(first, err)
		}
	}
	file, err := readFile()
	check(File, err)
	for _, v := range Variables {
		c.Values[v.Name] = lookUp(v, flags, file)
	}
	c.noteV4(file)
	text := func(name string) string { return c.Values[name].Text }
	c.DatabaseURL, c.Backups, c.Schedule = text("DATABASE_URL"), text("EXTRATO_BACKUPS"), text("EXTRATO_SCHEDULE")
	c.CloseFrom, c.LogLevel, c.LogFormat = text("EXTRATO_CLOSE_FROM"), text("LOG_LEVEL"), text("LOG_FORMAT")
	if level, ok := pythonLevels[strings.ToLower(c.LogLevel)]; ok {
		c.LogLevel = level
	}
	c.Zone, err = zone(text("TZ"))
	check("TZ", err)
	c.RequireBackup, err = boolean("EXTRATO_REQUIRE_BACKUP", text("EXTRATO_REQUIRE_BACKUP"), true)
	check("EXTRATO_REQUIRE_BACKUP", err)
	c.MonthlyJob, err = boolean("ENABLE_MONTHLY_EXTRATO_JOB", text("ENABLE_MONTHLY_EXTRATO_JOB"), true)
	check("ENABLE_MONTHLY_EXTRATO_JOB", err)
	c.Copies = Copies{Places: list(text("EXTRATO_BACKUPS_COPY")), Recipients: text("EXTRATO_BACKUPS_RECIPIENTS")}
	c.Copies.RequireAll, err = requireAll(text("EXTRATO_BACKUPS_REQUIRE"), c)
	check("EXTRATO_BACKUPS_REQUIRE", err)
	check("LOG_LEVEL", oneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error"))
	check("LOG_FORMAT", oneOf("LOG_FORMAT", c.LogFormat, "", "text", "json"))
	c.JWTKey = text("JWT_SECRET_KEY")
	if n := len(c.JWTKey); n > 0 && n < MinKey {
		check("JWT_SECRET_KEY", fmt.Errorf("JWT_SECRET_KEY has %d characters; it needs at least %d; make one with: openssl rand -hex 32", n, MinKey))
	}
	c.Emails = list(strings.ToLower(text("AUTHORIZED_EMAILS")))
	c.Login = LoginOIDC{text("EXTRATO_LOGIN_OIDC_ISSUER"), text("EXTRATO_LOGIN_OIDC_CLIENT_ID"), text("EXTRATO_LOGIN_OIDC_CLIENT_SECRET")}
	c.Job = JobOIDC{text("EXTRATO_JOB_OIDC_ISSUER"), text("EXTRATO_JOB_OIDC_AUDIENCE"), text("EXTRATO_JOB_OIDC_REPOSITORY"),
		text("EXTRATO_JOB_OIDC_REF"), text("EXTRATO_JOB_OIDC_WORKFLOW")}
	c.Notify, c.HeartbeatURL = urls(text("EXTRATO_NOTIFY")), text("EXTRATO_HEARTBEAT_URL")
	check("EXTRATO_HEARTBEAT_URL", webURL("EXTRATO_HEARTBEAT_URL", c.HeartbeatURL))
	c.Rate, err = rate(text("EXTRATO_RATE_LIMIT"))
	check("EXTRATO_RATE_LIMIT", err)
	c.TrustedProxies, err = proxies(list(text("EXTRATO_TRUSTED_PROXIES")))
	check("EXTRATO_TRUSTED_PROXIES", err)
	c.TSA = text("EXTRATO_TSA")
	c.Net = SafetyNet{BaseURL: text("EXTRATO_API_BASE_URL"), Token: text("EXTRATO_API_TOKEN"), Key: text("EXTRATO_SAFETYNET_KEY")}
	c.Net.Pause, err = time.ParseDuration(text("EXTRATO_SAFETYNET_PAUSE"))
	if err != nil || c.Net.Pause < 0 || c.Net.Pause > time.Minute {
		check("EXTRATO_SAFETYNET_PAUSE", errors.New("EXTRATO_SAFETYNET_PAUSE is no pause; write a time such as 5s, 1m at most"))
	}
	c.Host, c.Port = text("HOST"), text("PORT")
	if n, err := strconv.ParseUint(c.Port, 10, 16); err != nil {
		check("PORT", fmt.Errorf("PORT: %q is no port; write a number from 0 (any free one) to 65535", c.Port))
	} else {
		c.Port = strconv.FormatUint(n, 10)
	}
	return c, first
}

// MinKey is the minimum length, in characters, of a key for signing tokens.
const MinKey = 32

// list reads a comma-separated list.
func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// beginsURL is how the next URL of a list begins.
var beginsURL = regexp.MustCompile(`^\s*[A-Za-z][A-Za-z0-9+.-]*://`)

// urls reads a comma-separated list of URLs. Behind a URL's question mark a
// comma belongs to it, unless the next URL begins there: the addresses of a mail
// have commas between them.
func urls(text string) []string {
	var items []string
	for part := range strings.SplitSeq(text, ",") {
		if last := len(items) - 1; last >= 0 && strings.Contains(items[last], "?") && !beginsURL.MatchString(part) {
			items[last] += "," + part
			continue
		}
		if strings.TrimSpace(part) != "" {
			items = append(items, part)
		}
	}
	for i, item := range items {
		items[i] = strings.Trim(item, ", \t\r\n")
	}
	return items
}

// webURL refuses a URL no request can be sent to. It may hold a secret, so it
// is not repeated.
func webURL(name, text string) error {
	u, err := url.Parse(text)
	if text == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && !strings.Contains(u.Path, "@") {
		return nil
	}
	return fmt.Errorf("%s is no URL that can be asked; write one such as https://hc-ping.com/your-check, with %%40 for @ and %%2F for / in a password (its text is not shown: it may be a secret)", name)
}

// rate reads 10/s, 10/m, 10/h or off.
func rate(text string) (Rate, error) {
	if strings.EqualFold(text, "off") {
		return Rate{}, nil
	}
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
	number, unit, _ := strings.Cut(text, "/")
	tries, err := strconv.Atoi(number)
	if err != nil || tries < 1 || units[unit] == 0 {
		return Rate{}, fmt.Errorf("EXTRATO_RATE_LIMIT: %q is no limit; write 10/m, 100/h or off", text)
	}
	return Rate{tries, units[unit]}, nil
}

// proxies reads addresses and networks.
func proxies(items []string) ([]netip.Prefix, error) {
	var found []netip.Prefix
	for _, item := range items {
		prefix, err := netip.ParsePrefix(item)
		if address, bad := netip.ParseAddr(item); bad == nil {
			prefix, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("EXTRATO_TRUSTED_PROXIES: %q is neither an address nor a network such as 10.0.0.0/8", item)
		}
		found = append(found, prefix.Masked())
	}
	return found, nil
}

func lookUp(v Variable, flags, file map[string]string) Value {
	if text := flags[v.Name]; text != "" {
		return Value{text, "flag"}
	}
	if text, ok := os.LookupEnv(v.Name); ok && text != "" {
		return Value{text, "environment"}
	}
	if text := file[v.Name]; text != "" {
		return Value{text, ".env"}
	}
	return Value{v.Default, "default"}
}

// requireAll reads EXTRATO_BACKUPS_REQUIRE, and refuses what cannot be kept.
func requireAll(text string, c Config) (bool, error) {
	if err := oneOf("EXTRATO_BACKUPS_REQUIRE", text, "local", "all"); err != nil {
		return false, err
	}
	all := strings.EqualFold(text, "all")
	switch {
	case all && len(c.Copies.Places) == 0:
		return all, errors.New("EXTRATO_BACKUPS_REQUIRE: all needs places; name them in EXTRATO_BACKUPS_COPY, or write local")
	case all && !c.RequireBackup:
		return all, errors.New("EXTRATO_BACKUPS_REQUIRE: all contradicts EXTRATO_REQUIRE_BACKUP=false; change one of them")
	}
	return all, nil
}

// zone reads an IANA zone name; "Local" would depend on the machine.
func zone(name string) (*time.Location, error) {
	name = strings.TrimPrefix(name, ":") // POSIX allows it in front of a name
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("TZ: %q is no time zone; write a name such as America/Sao_Paulo", name)
	}
	return z, nil
}

// boolean reads a switch; for any other text it returns otherwise.
func boolean(name, text string, otherwise bool) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return otherwise, fmt.Errorf("%s: %q is neither true (1, yes, on) nor false (0, no, off)", name, text)
}

func oneOf(name, text string, allowed ...string) error {
	for _, a := range allowed {
		if strings.EqualFold(text, a) {
			return nil
		}
	}
	return fmt.Errorf("%s: %q is not one of %s", name, text, strings.TrimPrefix(strings.Join(allowed, ", "), ", "))
}
