package api_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"extrato/internal/server"
)

// v4's workflow, as it calls: the backup, then the statement, and on its next
// run both again.
const v4Workflow = `set -eu
call() {
  curl -sS -o "$DIR/answer" -w '%{http_code}' -X POST "$BASE$1" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "$2"
}
for run in 1 2; do
  code=$(call /api/backup/create_service '{"month":10,"year":2025}')
  case "$code" in 200|409) ;; *) echo "backup: $code"; cat "$DIR/answer"; exit 1;; esac
  echo "backup $code $(jq -r .success "$DIR/answer")"
  code=$(call /api/extrato/generate_service '{"month":10,"year":2025,"force":false}')
  if [ "$code" -ge 200 ] && [ "$code" -lt 300 ]; then echo "statement $code $(jq -r .data.month "$DIR/answer")"
  elif [ "$code" = 500 ] && [ "$(jq -r .details "$DIR/answer")" = "Extrato already exists for month/year" ]; then echo "statement exists"
  else echo "statement: $code"; cat "$DIR/answer"; exit 1; fi
done`

func TestV4s_workflow_with_curl_and_jq(t *testing.T) {
	for _, tool := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing", tool)
			}
			t.Skipf("SKIPPED: %s is missing", tool)
		}
	}
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		frame := server.Frame{Log: s.server.Log, Now: func() time.Time { return s.clock }}
		running := httptest.NewServer(frame.Wrap(s.handler))
		defer running.Close()
		cmd := exec.CommandContext(t.Context(), "bash", "-c", v4Workflow)
		cmd.Env = append(os.Environ(), "BASE="+running.URL, "DIR="+t.TempDir(), "TOKEN="+strings.TrimPrefix(v4Token(t, s.clock).value, "Bearer "))
		out, err := cmd.CombinedOutput()
		want := "backup 200 true\nstatement 200 10\nbackup 409 false\nstatement exists\n"
		if err != nil || string(out) != want {
			t.Errorf("%v\n%s\nwant\n%s", err, out, want)
		}
	})
}
