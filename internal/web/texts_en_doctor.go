package web

import (
	"strings"

	"extrato/internal/doctor"
)

// textsEnDoctor are the words of Diagnóstico in English: doctor's own.
var textsEnDoctor = func() map[string]string {
	all := map[string]string{
		"doctor text": "%s, %s, %s.", "doctor looked": "Looked %s, in %s.", "look again": "Look again",
		"fails count": "%d failure|%d failures", "warns count": "%d warning|%d warnings", "fine count": "%d in order|%d in order",
		"doctor fail": "failure", "doctor warn": "warning", "doctor ok": "in order",
		"looking": "Looking at all a close depends on", "looking text": "You may close the browser: the look goes on.", "see doctor": "See the diagnosis",
		"mend guards": "Put the guards back", "mend account": "Repair the account", "mend queues": "Start the queues again", "mend copies": "Make the copies",
		"mended": "Done. Looked again.", "not mended": "That did not work, and nothing changed. See the line below.",
		"task doctor": "Diagnosis: %s", "task doctor text": "Something a close depends on is not in order.", "task queues": "The automatic jobs are paused",
		"task queues text": "Months do not close by themselves, or notices are not sent.", "see runs": "See the jobs",
		"and others": "%s and %d more",
	}
	for code, said := range doctor.Texts() {
		if !strings.HasPrefix(said.Name, "setting %") && !strings.HasPrefix(said.Name, "%") {
			all["doctor name "+said.Name] = said.Name
		}
		all["doctor "+code] = said.Message
		if said.Fix != "" {
			all["doctor "+code+" fix"] = said.Fix
		}
	}
	return all
}()
