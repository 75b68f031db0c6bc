#!/bin/sh
# Runs the workflow's own steps on this machine, out of the YAML file, against a
# running server; GitHub's API is a stand-in on loopback that records each call.
#   EXTRATO_API_BASE_URL=http://127.0.0.1:8080 EXTRATO_API_TOKEN=… scripts/test_workflow_locally.sh [MONTH YEAR [true]]
# Without EXTRATO_API_BASE_URL it makes a demo studio, serves it, and removes
# both again.
set -eu
cd "$(dirname "$0")/.."

own=
pid=
clean() {
	[ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; } 2>/dev/null
	[ -z "$own" ] || rm -rf "$own"
}
trap clean EXIT
trap 'exit 130' INT TERM

# What the server is given; the net, which is another program, gets none of it.
# It stands in its own folder: a .env of this checkout would fill in whatever is
# empty here, and people would be told of months that were never theirs.
settings() {
	cd "$own" && export DATABASE_URL="sqlite:///$own/studio/extrato.db" EXTRATO_BACKUPS="$own/studio/backups" JWT_SECRET_KEY="$key" \
		HOST=127.0.0.1 PORT=0 LOG_FORMAT=json LOG_LEVEL=info ENABLE_MONTHLY_EXTRATO_JOB=false EXTRATO_NOTIFY= EXTRATO_HEARTBEAT_URL=
}

if [ -z "${EXTRATO_API_BASE_URL:-}" ]; then
	own=$(mktemp -d)
	key=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
	echo "No EXTRATO_API_BASE_URL: a demo studio is made in $own, served, and removed again." >&2
	go build -o "$own/extrato" ./cmd/extrato
	"$own/extrato" demo --dir "$own/studio" --no-serve >/dev/null
	EXTRATO_API_TOKEN=$(settings && "$own/extrato" token create workflow --days 1 --scope backup --scope close --scope read 2>/dev/null)
	(settings && exec "$own/extrato" serve >/dev/null 2>"$own/log") &
	pid=$!
	tries=0
	until EXTRATO_API_BASE_URL=$(sed -n 's/.*"address":"\(http:[^"]*\)".*/\1/p' "$own/log" | head -n 1) && [ -n "$EXTRATO_API_BASE_URL" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
			cat "$own/log" >&2
			echo "the server does not start" >&2
			exit 1
		fi
		sleep 0.1
	done
fi

export LOCAL_MONTH="${1:-}" LOCAL_YEAR="${2:-}" LOCAL_FORCE="${3:-false}" LOCAL_BASE_URL="$EXTRATO_API_BASE_URL" LOCAL_TOKEN="${EXTRATO_API_TOKEN:-}"
go test -count=1 -v -run '^TestWorkflow_runs_from_its_own_file$' ./internal/safetynet
