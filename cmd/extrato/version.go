package main

import (
	"runtime"
	"runtime/debug"
)

// version is set by release builds: -ldflags "-X main.version=1.2.3".
var version = ""

// programVersion returns the version, or the commit of a build from a checkout.
func programVersion() string {
	if version != "" {
		return version
	}
	if commit := buildSetting("vcs.revision"); commit != "" {
		return "0.1.0-dev+" + commit[:min(len(commit), 12)]
	}
	return "0.1.0-dev"
}

func buildSetting(key string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

type versionCommand struct{}

func (versionCommand) Help() string {
	return `Example:
  extrato version`
}

// Run prints the version.
func (c *versionCommand) Run(a *app) error {
	commit := buildSetting("vcs.revision")
	if commit == "" {
		commit = "unknown"
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]string{"version": programVersion(), "commit": commit, "go": runtime.Version()})
	}
	a.printf("extrato %s, commit %s, %s\n", programVersion(), commit, runtime.Version())
	return nil
}
