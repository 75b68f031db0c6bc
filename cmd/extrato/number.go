package main

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/alecthomas/kong"

	"extrato/internal/books"
)

// number reads a number of the command line: decimal digits alone. Leading
// zeros mean nothing, so a script's $(date +%m) is a month in August too; by
// default, kong reads 010 as eight.
var number = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("number", &text); err != nil {
		return err
	}
	n, err := strconv.ParseUint(text, 10, target.Type().Bits()-1)
	if err != nil {
		return fmt.Errorf("%q is not a number that can be meant here", text)
	}
	target.SetInt(int64(n))
	return nil
})

// artistID returns the id given with a flag, 0 if there is none. An artist 0,
// as from a script's empty variable, does not mean all of them.
func artistID(flag string, given *int32) (books.ID, error) {
	if given == nil {
		return 0, nil
	}
	if *given == 0 {
		return 0, books.Invalidf("usage", "%s: ids begin with 1", flag).WithHint("the artists' ids are in: extrato user list")
	}
	return books.ID(*given), nil
}
