package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode"
)

// readFile reads .env, if there is one, as python-dotenv does. Its errors do
// not quote the file, which holds secrets.
func readFile() (map[string]string, error) {
	text, err := os.ReadFile(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the file .env cannot be read: %w", errors.Unwrap(err))
	}
	values, err := parseDotenv(string(text))
	if err != nil {
		return nil, fmt.Errorf("the file .env cannot be read: %w", err)
	}
	return values, nil
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// parseDotenv reads NAME=value lines by the rules of python-dotenv, v4's
// reader: "export " and blanks around name and value are dropped; a value in
// quotes may have several lines and escapes; elsewhere " #" begins a comment;
// ${NAME} and ${NAME:-default} are replaced in all values, and $NAME in none.
// Any other line is an error here, since it may be a setting.
func parseDotenv(text string) (map[string]string, error) {
	text = newlines.Replace(strings.TrimPrefix(text, "\ufeff")) // Windows' editors put the mark there
	values := map[string]string{}
	for rest := trimSpace(text); rest != ""; rest = trimSpace(rest) {
		name, value, after, ok := parseLine(rest)
		if !ok {
			return nil, fmt.Errorf("line %d is not NAME=value", 1+strings.Count(text[:len(text)-len(rest)], "\n"))
		}
		if name != "" {
			values[name] = expand(value, values)
		}
		rest = after
	}
	return values, nil
}

func trimSpace(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }

func trimBlanks(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return r != '\n' && unicode.IsSpace(r) })
}

var (
	exported     = regexp.MustCompile(`^export[\t\f\v ]+`)
	quotedName   = regexp.MustCompile(`^'([^']+)'`)
	plainName    = regexp.MustCompile(`^[^=#\s]+`)
	singleQuoted = regexp.MustCompile(`^'((?:\\'|[^'])*)'`)
	doubleQuoted = regexp.MustCompile(`^"((?:\\"|[^"])*)"`)
	comment      = regexp.MustCompile(`[\s\v\x{85}\p{Z}]+#.*`)
	variable     = regexp.MustCompile(`\$\{([^}:]*)(?::-([^}]*))?\}`)

	singleEscapes = strings.NewReplacer(`\\`, `\`, `\'`, `'`)
	doubleEscapes = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\a`, "\a", `\b`, "\b", `\f`, "\f", `\n`, "\n", `\r`, "\r", `\t`, "\t", `\v`, "\v")
)

// parseLine reads the first line of rest. The name of a comment is "".
func parseLine(rest string) (name, value, after string, ok bool) {
	rest = rest[len(exported.FindString(rest)):]
	if strings.HasPrefix(rest, "#") {
		_, after, _ = strings.Cut(rest, "\n")
		return "", "", after, true
	}
	if m := quotedName.FindStringSubmatch(rest); m != nil {
		name, rest = m[1], rest[len(m[0]):]
	} else {
		name = plainName.FindString(rest)
		rest = rest[len(name):]
	}
	rest, ok = strings.CutPrefix(trimBlanks(rest), "=")
	if name == "" || !ok {
		return "", "", "", false
	}
	value, rest = parseValue(rest)
	line, after, _ := strings.Cut(trimBlanks(rest), "\n")
	return name, value, after, line == "" || strings.HasPrefix(line, "#")
}

func parseValue(rest string) (value, after string) {
	trimmed := trimBlanks(rest)
	if m := singleQuoted.FindStringSubmatch(trimmed); m != nil {
		return singleEscapes.Replace(m[1]), trimmed[len(m[0]):]
	}
	if m := doubleQuoted.FindStringSubmatch(trimmed); m != nil {
		return doubleEscapes.Replace(m[1]), trimmed[len(m[0]):]
	}
	line, _, _ := strings.Cut(trimmed, "\n")
	switch {
	case strings.HasPrefix(line, "'"), strings.HasPrefix(line, `"`): // never closed
		return "", trimmed
	case strings.HasPrefix(line, "#") && len(trimmed) < len(rest):
		return "", trimmed[len(line):]
	}
	return strings.TrimRightFunc(comment.ReplaceAllString(line, ""), unicode.IsSpace), trimmed[len(line):]
}

// expand replaces ${NAME} and ${NAME:-default}: the environment wins over
// earlier lines of the file.
func expand(value string, earlier map[string]string) string {
	return variable.ReplaceAllStringFunc(value, func(found string) string {
		m := variable.FindStringSubmatch(found)
		if text, ok := os.LookupEnv(m[1]); ok {
			return text
		}
		if text, ok := earlier[m[1]]; ok {
			return text
		}
		return m[2]
	})
}
