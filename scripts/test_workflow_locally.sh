#!/bin/sh
# Runs the workflow's own steps on this machine, out of the YAML file, against a
# running server; GitHub's API is a stand-in on loopback that records each call.
#   EXTRATO_API_BASE_URL=http://127.0.0.1:8080 EXTRATO_API_TOKEN=… scripts/test_workflow_locally.sh [MONTH YEAR [true]]
# Without EXTRATO_API_BASE_URL the server is a stand-in too.
set -eu
cd "$(dirname "$0")/.."
export LOCAL_MONTH="${1:-}" LOCAL_YEAR="${2:-}" LOCAL_FORCE="${3:-false}" LOCAL_BASE_URL="${EXTRATO_API_BASE_URL:-}" LOCAL_TOKEN="${EXTRATO_API_TOKEN:-}"
exec go test -count=1 -v -run '^TestWorkflow_runs_from_its_own_file$' ./internal/safetynet
