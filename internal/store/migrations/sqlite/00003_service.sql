-- Who may come in, and what the service remembers: service tokens that can be
-- revoked, passwords (v4 reads users.password_hash in another form, so ours lie
-- here), logins, answers to repeat, and what people were told.

-- +goose Up
CREATE TABLE service_tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    revoked_at   TEXT NOT NULL
);

CREATE TABLE passwords (
    user_id    INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE logins (
    token      TEXT PRIMARY KEY,
    data       BLOB NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX ix_logins_expires_at ON logins (expires_at);

CREATE TABLE answers (
    actor   TEXT NOT NULL,
    key     TEXT NOT NULL,
    request TEXT NOT NULL,
    status  INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body    BLOB NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX ix_answers_at ON answers (at);

CREATE TABLE alarms (
    subject TEXT PRIMARY KEY,
    cause   TEXT NOT NULL,
    since   TEXT NOT NULL,
    told_at TEXT NOT NULL
);
