package main

type statementCommand struct{}

func (c *statementCommand) Run(a *app) error { return nil }
