-- What closing a month leaves behind besides the statement: the chain, earlier
-- revisions, what is known of backups, and every attempt. The chain only ever
-- grows: triggers refuse everything but a new number.

-- +goose Up
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE closings (
    seq            INTEGER PRIMARY KEY,
    action         TEXT NOT NULL,
    month          TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    at             TEXT NOT NULL,
    actor          TEXT NOT NULL,
    reason         TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    counts         TEXT NOT NULL,
    totals         TEXT NOT NULL,
    backup_file    TEXT NOT NULL,
    backup_sha256  TEXT NOT NULL,
    notes          TEXT NOT NULL,
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX ix_closings_month ON closings (month, seq);
CREATE INDEX ix_closings_correlation_id ON closings (correlation_id);

CREATE TABLE revisions (
    month       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    pagamentos  TEXT NOT NULL,
    sessoes     TEXT NOT NULL,
    comissoes   TEXT NOT NULL,
    gastos      TEXT,
    totais      TEXT NOT NULL,
    replaced_at TEXT NOT NULL,
    PRIMARY KEY (month, revision)
);

CREATE TABLE backups (
    file        TEXT PRIMARY KEY,
    month       TEXT NOT NULL,
    copy        INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    verified_at TEXT NOT NULL
);
CREATE INDEX ix_backups_month ON backups (month, copy);

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    action         TEXT NOT NULL,
    month          TEXT NOT NULL,
    actor          TEXT NOT NULL,
    started_at     TEXT NOT NULL,
    finished_at    TEXT NOT NULL,
    result         TEXT NOT NULL,
    code           TEXT NOT NULL,
    message        TEXT NOT NULL,
    correlation_id TEXT NOT NULL
);
CREATE INDEX ix_runs_month ON runs (month, id);

-- +goose StatementBegin
CREATE TRIGGER closings_refuse_update BEFORE UPDATE ON closings
BEGIN
    SELECT RAISE(ABORT, 'closings is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER closings_refuse_delete BEFORE DELETE ON closings
BEGIN
    SELECT RAISE(ABORT, 'closings is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER closings_refuse_replace BEFORE INSERT ON closings
WHEN EXISTS (SELECT 1 FROM closings WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: closings.seq');
END;
-- +goose StatementEnd
