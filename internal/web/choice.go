package web

import "slices"

// option is one line of a select. Default comes with choosing it.
type option struct {
	Value, Text, Default string
	On                   bool
}

// group is a part of a select; without a name it stands by itself.
type group struct {
	Name    string
	Options []option
}

// choice is a select as the template "choice" draws it.
type choice struct {
	field
	Groups []group
}

// Choice returns a select with these groups of options.
func (f *form) Choice(name string, groups []group) (choice, error) {
	d, err := f.Field(name, "select")
	return chosen(d, groups), err
}

// chosen marks the chosen option. A value without one becomes an option of its
// own: typed values are never lost.
func chosen(d field, groups []group) choice {
	c := choice{field: d, Groups: make([]group, len(groups))}
	found := d.Value == ""
	for i, g := range groups {
		c.Groups[i] = group{g.Name, slices.Clone(g.Options)}
		for j := range c.Groups[i].Options {
			o := &c.Groups[i].Options[j]
			if o.Value == d.Value && d.Value != "" {
				o.On, found = true, true
			}
		}
	}
	if !found {
		c.Groups = append(c.Groups, group{Options: []option{{Value: d.Value, Text: d.Value, On: true}}})
	}
	return c
}
