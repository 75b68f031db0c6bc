# `make help` lists what there is.

GOLANGCI_VERSION := 2.15.0
GOLANGCI := $(shell go env GOPATH)/bin/golangci-lint

# The S3 server of the tests: a tool, not a dependency.
VERSITYGW_VERSION := 1.8.0
VERSITYGW := $(shell go env GOPATH)/bin/versitygw

# The packages for the race detector. Of closing, store and v4import it runs the tests
# marked storetest.Concurrent, the others take too long on two cores.
RACE ?= ./internal/books/... ./internal/backup/... ./internal/bucket/... ./internal/places/... ./internal/jobs/... ./internal/auth/... ./internal/closing/... ./internal/store/... ./internal/v4import/...

# The packages that a change of the books' rules touches, the slowest first.
QUICK ?= ./internal/closing/... ./internal/store/... ./internal/backup/... ./internal/export/... ./internal/arch/... ./internal/books/... ./internal/bucket/... ./internal/recording/... ./internal/v4import/...

# Tests of a second and more, most of it waiting. make test has them.
SLOW := A_place_that|A_slow_place|Nobody_waits|Every_changed|in_every_order|at_any_step|leaves_when_it_is_over|gives_back_every_value|nobody_can_read

# Files in memory need no disk to be waited for.
MEMORY := $(shell test -w /dev/shm && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

# The version of a release, and what it is built for.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

POSTGRESQL := $(shell { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb || ls "$$(pg_config --bindir)/initdb"; } 2>/dev/null)

# The slowest package takes 8 of go's 10 minutes on two quiet cores: a busy machine
# needs longer, and a test that hangs ends with the whole run's limit.
TEST_TIMEOUT ?= 60m
TEST_FLAGS += -timeout $(TEST_TIMEOUT)

# A skipped test must not stay in go's cache when PostgreSQL has come.
TEST_FLAGS += $(if $(POSTGRESQL),,-count=1)

.PHONY: help demo quick test race lint check shots pictures bench faults histories kills fuzz dist lacks golangci versitygw

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a believable studio in ./demo, its months closed and proved
	go run ./cmd/extrato demo

test: lacks ## all tests, on SQLite and on a private PostgreSQL
	go test $(TEST_FLAGS) ./...

quick: ## the short tests of the core on SQLite, in half a minute
	@TMPDIR=$(MEMORY) EXTRATO_TEST_POSTGRESQL=off go test -short -skip '$(SLOW)' $(QUICK)

race: lacks ## what is quick, or does several things at once, under the race detector
	go test -race -short $(TEST_FLAGS) $(RACE)

lint: golangci ## gofmt, go vet and golangci-lint
	@unformatted=$$(gofmt -l cmd internal) && if [ -n "$$unformatted" ]; then echo "not gofmt-ed:" $$unformatted; exit 1; fi
	go vet ./...
	$(GOLANGCI) run

check: lint test ## what to run before a commit

shots: ## pictures of all pages in shots/, on a desk and a phone, light and dark, in both languages
	rm -rf shots && mkdir shots
	SHOTS=$(CURDIR)/shots SHOTS_ALL=1 go test -count=1 -run real_browser ./internal/web/...

pictures: ## the four pictures of the README, made by a test
	PICTURES=$(CURDIR)/docs/images go test -count=1 -run real_browser_the_months ./internal/web

bench: ## the numbers of the design, side by side with plain SQL
	go run ./cmd/bench

# How long faults and histories go on, and how often nothing must be found.
FAULTS_TIME ?= 10m
HISTORIES_TIME ?= 10m
EXTRATO_ALARMS ?= 1000

faults: lacks ## the program on failing disks and databases for FAULTS_TIME (10m); counts into docs/reliability.md
	FAULTS_TIME=$(FAULTS_TIME) go test -count=1 $(TEST_FLAGS) -run TestFaults ./internal/crashtest -update
	EXTRATO_ALARMS=$(EXTRATO_ALARMS) go test -count=1 $(TEST_FLAGS) -run TestNothing_is_found ./cmd/extrato -update

histories: lacks ## random histories with kills for HISTORIES_TIME (10m) on each database; adds to docs/reliability.md
	HISTORIES_TIME=$(HISTORIES_TIME) go test -count=1 $(TEST_FLAGS) -run TestInvariants ./internal/closing -update

fuzz: ## every fuzz target for FUZZ_TIME (30s), one per core at a time
	.ci/fuzz

kills: lacks ## server and database killed under writers, KILLS (100) times each; the rest comes back from a copy
	EXTRATO_CRASH_ROUNDS=$(or $(KILLS),100) go test -count=1 -v -timeout 4h -run Killing_server_and_database ./internal/crashtest

dist: ## static binaries for PLATFORMS in dist/, with checksums
	rm -rf dist && mkdir dist
	@set -e; for platform in $(PLATFORMS); do \
	  os=$${platform%/*}; arch=$${platform#*/}; suffix=; [ $$os != windows ] || suffix=.exe; \
	  echo "dist/extrato_$${os}_$${arch}$$suffix"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" \
	    -o "dist/extrato_$${os}_$${arch}$$suffix" ./cmd/extrato; \
	done
	cd dist && sha256sum extrato_* > SHA256SUMS

# Tests that need what a machine may lack are skipped there; go test does not
# show that, so this does.
lacks:
ifeq ($(shell command -v chromium),)
	@echo '*** NO CHROMIUM ON THIS MACHINE: no page is looked at in a real browser. apt-get install chromium ***' >&2
endif
ifeq ($(wildcard $(VERSITYGW))$(shell command -v versitygw),)
	@echo '*** NO S3 SERVER ON THIS MACHINE: copies in S3 are not tested. make versitygw builds one, in minutes ***' >&2
endif
ifeq ($(POSTGRESQL),)
	@printf '%s\n' '' \
	  '*****************************************************************************' \
	  '* NO POSTGRESQL ON THIS MACHINE: every test that needs it will be SKIPPED.  *' \
	  '* Install it with: apt-get install postgresql (or brew install postgresql). *' \
	  '* No server has to run, the tests start and remove their own.               *' \
	  '*****************************************************************************' '' >&2
endif

golangci:
	@[ "$$($(GOLANGCI) version --short 2>/dev/null)" = "$(GOLANGCI_VERSION)" ] || \
	  { set -x; GOBIN=$(dir $(GOLANGCI)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI_VERSION); }

versitygw: ## the S3 server of the tests, built once into GOPATH/bin
	@go version -m "$(VERSITYGW)" 2>/dev/null | grep -q "versitygw.*v$(VERSITYGW_VERSION)" || \
	  { set -x; GOFLAGS= GOBIN=$(dir $(VERSITYGW)) go install github.com/versity/versitygw/cmd/versitygw@v$(VERSITYGW_VERSION); }
