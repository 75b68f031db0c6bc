package config

import (
	"fmt"
	"strings"
)

// noteV4 notes the values taken from v4's .env: it may lie in the working
// folder, and some of its names are ours with another meaning.
func (c *Config) noteV4(file map[string]string) {
	if v := c.Values["LOG_FORMAT"]; isPythons(v.Text) {
		c.Notes["LOG_FORMAT"] = fmt.Sprintf("v4's, from %s: a format of Python's, which is not used here; write text or json, or remove it", sourceOf(v))
		v.Text, v.Source = "", "default"
		c.Values["LOG_FORMAT"] = v
	}
	if !isV4File(file) {
		return
	}
	for name, note := range map[string]string{
		"HOST": "v4's, from .env: the address where v4 listens",
		"PORT": "v4's, from .env: the port where v4 listens; give serve another one with --port while v4 runs",
		"TZ":   "v4's, from .env: keep the zone that v4 ran with, it decides to which month rows belong",
	} {
		if c.Values[name].Source == ".env" {
			c.Notes[name] = note
		}
	}
}

// isV4File recognizes v4's .env by names this program never has.
func isV4File(file map[string]string) bool {
	for name := range file {
		for _, begin := range []string{"FLASK_", "JOTFORM_", "GUNICORN_", "SQLALCHEMY_", "GOOGLE_"} {
			if strings.HasPrefix(name, begin) {
				return true
			}
		}
	}
	return isPythons(file["LOG_FORMAT"])
}

// isPythons reports whether a log format is one of Python's.
func isPythons(format string) bool { return strings.Contains(format, "%(") }

// pythonLevels are the levels with another name in Python.
var pythonLevels = map[string]string{"warning": "warn", "critical": "error", "fatal": "error"}

func sourceOf(v Value) string {
	if v.Source == "environment" {
		return "the environment"
	}
	return v.Source
}
