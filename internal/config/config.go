// Package config reads the program's settings: flags win over the environment,
// the environment over a file .env in the working directory, that over the
// defaults. It remembers where each value came from.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/joho/godotenv"
)

// Variable is one setting.
type Variable struct {
	Name, Default, Meaning string
	Secret                 bool
}

// Variables are all settings that this program reads, in the order in which
// doctor shows them.
var Variables = []Variable{
	{"DATABASE_URL", "sqlite:///data/extrato.db", "the database", true},
	{"EXTRATO_BACKUPS", "data/backups", "the folder of the backups", false},
	{"TZ", "America/Sao_Paulo", "the studio's time zone", false},
	{"EXTRATO_REQUIRE_BACKUP", "true", "whether a month may close without a backup", false},
	{"EXTRATO_SCHEDULE", "0 2 1 * *", "when the month that ended becomes due", false},
	{"EXTRATO_CLOSE_FROM", "", "the first month that the schedule closes by itself", false},
	{"ENABLE_MONTHLY_EXTRATO_JOB", "true", "whether months close by themselves", false},
	{"LOG_LEVEL", "info", "debug, info, warn or error", false},
	{"LOG_FORMAT", "", "text or json", false},
}

// Value is a setting's value and where it came from.
type Value struct {
	Text   string
	Source string // flag, environment, .env, default
}

// File is the key under which Problems tells of the file .env itself.
const File = ".env"

// Config holds the settings, read and checked.
type Config struct {
	Values        map[string]Value
	Problems      map[string]string // what is wrong, by the variable's name
	DatabaseURL   string
	Backups       string
	Zone          *time.Location // nil if TZ names none
	RequireBackup bool
	MonthlyJob    bool
	Schedule      string
	CloseFrom     string
	LogLevel      string
	LogFormat     string
}

// Load reads the settings. flags holds what was given on the command line, by
// the variable's name. Its error is the first of the Problems and names the
// variable and what it may be; the other settings are read all the same.
func Load(flags map[string]string) (Config, error) {
	c := Config{Values: map[string]Value{}, Problems: map[string]string{}}
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
	text := func(name string) string { return c.Values[name].Text }
	c.DatabaseURL, c.Backups, c.Schedule = text("DATABASE_URL"), text("EXTRATO_BACKUPS"), text("EXTRATO_SCHEDULE")
	c.CloseFrom, c.LogLevel, c.LogFormat = text("EXTRATO_CLOSE_FROM"), text("LOG_LEVEL"), text("LOG_FORMAT")
	c.Zone, err = zone(text("TZ"))
	check("TZ", err)
	c.RequireBackup, err = boolean("EXTRATO_REQUIRE_BACKUP", text("EXTRATO_REQUIRE_BACKUP"), true)
	check("EXTRATO_REQUIRE_BACKUP", err)
	c.MonthlyJob, err = boolean("ENABLE_MONTHLY_EXTRATO_JOB", text("ENABLE_MONTHLY_EXTRATO_JOB"), true)
	check("ENABLE_MONTHLY_EXTRATO_JOB", err)
	check("LOG_LEVEL", oneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error"))
	check("LOG_FORMAT", oneOf("LOG_FORMAT", c.LogFormat, "", "text", "json"))
	return c, first
}

// readFile reads .env, if there is one. The parser's own words quote the file,
// with the secrets in it, so they stay here.
func readFile() (map[string]string, error) {
	text, err := os.ReadFile(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the file .env cannot be read: %w", errors.Unwrap(err))
	}
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, errors.New("the file .env cannot be read: a line is not NAME=value")
	}
	return values, nil
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

// zone reads an IANA zone name; "Local" would be whatever the machine has.
func zone(name string) (*time.Location, error) {
	name = strings.TrimPrefix(name, ":") // POSIX allows it in front of a name
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("TZ: %q is no time zone; write a name such as America/Sao_Paulo", name)
	}
	return z, nil
}

// boolean reads a switch; what is neither comes back as otherwise.
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
