package verify

// Content checks the text of one file.
func Content(text []byte) Result {
	r := Result{Result: Proved}
	c := &checker{}
	c.content(&r, "file", text)
	c.together()
	return r
}
