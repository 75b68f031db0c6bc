-- What closing a month leaves behind besides the statement: the chain, earlier
-- revisions, what is known of backups, and every attempt. All of it is in a
-- schema of our own, so that v4's tools never meet it. The chain only ever
-- grows: triggers refuse everything but a new number.

-- +goose Up
SET LOCAL lock_timeout = '2s';
CREATE TABLE extrato.settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE extrato.closings (
    seq            BIGINT PRIMARY KEY,
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
CREATE INDEX ix_closings_month ON extrato.closings (month, seq);
CREATE INDEX ix_closings_correlation_id ON extrato.closings (correlation_id);

CREATE TABLE extrato.revisions (
    month       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    pagamentos  JSON NOT NULL,
    sessoes     JSON NOT NULL,
    comissoes   JSON NOT NULL,
    gastos      JSON,
    totais      JSON NOT NULL,
    replaced_at TEXT NOT NULL,
    PRIMARY KEY (month, revision)
);

CREATE TABLE extrato.backups (
    file        TEXT PRIMARY KEY,
    month       TEXT NOT NULL,
    copy        INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    verified_at TEXT NOT NULL
);
CREATE INDEX ix_backups_month ON extrato.backups (month, copy);

CREATE TABLE extrato.runs (
    id             BIGSERIAL PRIMARY KEY,
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
CREATE INDEX ix_runs_month ON extrato.runs (month, id);

-- +goose StatementBegin
CREATE FUNCTION extrato.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'closings is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER closings_refuse_change BEFORE UPDATE OR DELETE ON extrato.closings
    FOR EACH ROW EXECUTE FUNCTION extrato.refuse_change();
CREATE TRIGGER closings_refuse_truncate BEFORE TRUNCATE ON extrato.closings
    FOR EACH STATEMENT EXECUTE FUNCTION extrato.refuse_change();
