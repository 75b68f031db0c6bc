package web

// textsEnExpenses are the words of the pages of expenses.
var textsEnExpenses = map[string]string{
	"field descricao": "Description", "field categoria": "Category", "new expense": "New expense", "record expense": "Record expense",
	"month before": "Month before", "month after": "Month after", "no category": "Others", "by category": "By category", "expenses by method": "By method",
	"no expenses yet": "No expenses here yet.", "expense recorded": "%s recorded: %s.", "expense in short": "%s, %s, %s",
	"error missing_amount": "The amount must be above zero.", "error missing_description": "Write what was bought.", "error missing_method": "Choose the method.",
	"row changed before deleting": "This was changed just now. See how it is before you delete it.", "row already deleted": "This was deleted already.",
	"closed meanwhile":      "The month was closed while you were correcting this.",
	"row changed meanwhile": "%s: this was changed while you corrected it. Which one stays?", "row deleted meanwhile": "%s: this was deleted while you corrected it. Which one stays?",
	"repeat": "Repeat last month", "repeat text": "Expenses of %s, on the same day of this month. Untick those that do not repeat; an amount can be corrected later.",
	"repeat detail": "%s · %s · %s", "repeat them": "Repeat", "repeat refused": "Last month's statement is not the one that was closed. Nothing is repeated until that is checked.",
	"expenses repeated": "%d expense repeated.|%d expenses repeated.", "expenses skipped": "%d was recorded already.|%d were recorded already.",
	"error nothing_chosen": "Tick the expenses to repeat.", "error all_recorded": "This month has all of these already.",
	"error expense_not_offered": "Last month's list has changed. Check it and repeat again.", "error statement_changed": "Last month's statement is not the one that was closed. Nothing is repeated until that is checked.",
}
