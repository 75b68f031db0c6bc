-- Everything there is in a new database. First the books themselves: v4's tables
-- and columns, so that one SQL text serves SQLite and PostgreSQL. Ids are
-- AUTOINCREMENT because SQLite otherwise gives the id of a deleted last row to
-- the next one, and a closed row's id must never come back. Days and instants
-- are text. Amounts refuse parts of a cent.

-- +goose Up
CREATE TABLE users (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    email                TEXT UNIQUE,
    name                 TEXT NOT NULL,
    avatar_url           TEXT,
    google_id            TEXT UNIQUE,
    password_hash        TEXT,
    role                 TEXT NOT NULL,
    active_flag          BOOLEAN NOT NULL,
    unified_flow_enabled BOOLEAN NOT NULL,
    created_at           TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at           TEXT
);

CREATE TABLE clients (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    name                  TEXT NOT NULL,
    jotform_submission_id TEXT UNIQUE,
    created_at            TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at            TEXT
);

CREATE TABLE sessoes (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    data            TEXT NOT NULL,
    hora            TEXT,
    valor           NUMERIC(10,2) NOT NULL CHECK (typeof(valor) IN ('integer', 'real') AND abs(valor) < 100000000 AND abs(valor * 100 - round(valor * 100)) < 0.000001),
    observacoes     TEXT,
    cliente_id      INTEGER NOT NULL REFERENCES clients (id),
    artista_id      INTEGER NOT NULL REFERENCES users (id),
    google_event_id TEXT UNIQUE,
    status          TEXT,
    payment_id      INTEGER REFERENCES pagamentos (id),
    created_at      TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at      TEXT
);

CREATE TABLE pagamentos (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    data            TEXT NOT NULL,
    valor           NUMERIC(10,2) NOT NULL CHECK (typeof(valor) IN ('integer', 'real') AND abs(valor) < 100000000 AND abs(valor * 100 - round(valor * 100)) < 0.000001),
    forma_pagamento TEXT NOT NULL,
    observacoes     TEXT,
    comissao        NUMERIC(10,2) CHECK (comissao IS NULL OR typeof(comissao) IN ('integer', 'real') AND abs(comissao) < 100000000 AND abs(comissao * 100 - round(comissao * 100)) < 0.000001),
    cliente_id      INTEGER REFERENCES clients (id),
    artista_id      INTEGER NOT NULL REFERENCES users (id),
    sessao_id       INTEGER REFERENCES sessoes (id),
    google_event_id TEXT UNIQUE,
    created_at      TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at      TEXT
);

-- pagamento_id has no REFERENCES: v4's SQLite files hold commissions whose
-- payment is gone, and they must come in and go back as they are. The trigger
-- below refuses to make new ones.
CREATE TABLE comissoes (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    pagamento_id INTEGER,
    artista_id   INTEGER NOT NULL REFERENCES users (id),
    percentual   NUMERIC(5,2) NOT NULL CHECK (typeof(percentual) IN ('integer', 'real') AND abs(percentual) < 1000 AND abs(percentual * 100 - round(percentual * 100)) < 0.000001),
    valor        NUMERIC(10,2) NOT NULL CHECK (typeof(valor) IN ('integer', 'real') AND abs(valor) < 100000000 AND abs(valor * 100 - round(valor * 100)) < 0.000001),
    observacoes  TEXT,
    created_at   TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))
);

CREATE TABLE gastos (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    data            TEXT NOT NULL,
    valor           NUMERIC(10,2) NOT NULL CHECK (typeof(valor) IN ('integer', 'real') AND abs(valor) < 100000000 AND abs(valor * 100 - round(valor * 100)) < 0.000001),
    descricao       TEXT,
    forma_pagamento TEXT NOT NULL,
    created_by      INTEGER NOT NULL REFERENCES users (id),
    created_at      TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at      TEXT
);

CREATE TABLE extratos (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    mes        INTEGER NOT NULL,
    ano        INTEGER NOT NULL,
    pagamentos TEXT NOT NULL,
    sessoes    TEXT NOT NULL,
    comissoes  TEXT NOT NULL,
    gastos     TEXT,
    totais     TEXT NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    CONSTRAINT uq_extratos_mes_ano UNIQUE (mes, ano)
);

CREATE TABLE extrato_run_logs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    mes     INTEGER NOT NULL,
    ano     INTEGER NOT NULL,
    run_at  TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    status  TEXT NOT NULL,
    message TEXT,
    CONSTRAINT unique_extrato_run_per_month UNIQUE (mes, ano, status)
);

CREATE INDEX ix_pagamentos_data ON pagamentos (data);
CREATE INDEX ix_pagamentos_sessao_id ON pagamentos (sessao_id, data);
CREATE INDEX ix_sessoes_data ON sessoes (data);
CREATE INDEX ix_sessoes_payment_id ON sessoes (payment_id);
CREATE INDEX ix_comissoes_pagamento_id ON comissoes (pagamento_id);
CREATE INDEX ix_gastos_data ON gastos (data);

-- +goose StatementBegin
CREATE TRIGGER pagamentos_keep_their_commissions BEFORE DELETE ON pagamentos
WHEN EXISTS (SELECT 1 FROM comissoes WHERE pagamento_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: a commission refers to this payment');
END;
-- +goose StatementEnd

-- Deposits: each payment that was marked as one, and each that left the live
-- tables while its session stayed. session, amount and month are NULL while the
-- payment is live; then they are what its statement holds.
CREATE TABLE deposits (
    payment INTEGER PRIMARY KEY,
    session INTEGER,
    day     TEXT NOT NULL,
    amount  NUMERIC(10,2) CHECK (amount IS NULL OR typeof(amount) IN ('integer', 'real') AND abs(amount) < 100000000 AND abs(amount * 100 - round(amount * 100)) < 0.000001),
    marked  BOOLEAN NOT NULL,
    month   TEXT
);
CREATE INDEX ix_deposits_session ON deposits (session);

-- The categories of live expenses; others stand in their statements.
CREATE TABLE expense_categories (
    expense  INTEGER PRIMARY KEY,
    category TEXT NOT NULL
);

-- Which payments rest in which month's statement, as runs of ids without a gap:
-- a commission may name one.
CREATE TABLE payments_at_rest (
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    month    TEXT NOT NULL,
    PRIMARY KEY (first_id, month)
);

-- What closing a month leaves behind besides the statement: the chain, earlier
-- revisions, what is known of backups, and every attempt.
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
    correlation_id TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    core           TEXT NOT NULL,
    seal           TEXT NOT NULL,
    payments       INTEGER NOT NULL,
    sessions       INTEGER NOT NULL,
    commissions    INTEGER NOT NULL,
    expenses       INTEGER NOT NULL,
    links          INTEGER NOT NULL,
    backup_file    TEXT NOT NULL,
    backup_sha256  TEXT NOT NULL,
    detail         TEXT NOT NULL,
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX ix_closings_month ON closings (month, seq);
CREATE INDEX ix_closings_correlation_id ON closings (correlation_id);

-- What an entry covers through its digest "detail". It is kept apart because it
-- can be erased: the entries stay as they are.
CREATE TABLE closing_details (
    seq    INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    totals TEXT NOT NULL,
    notes  TEXT NOT NULL,
    salt   TEXT NOT NULL
);

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
    manifest    TEXT NOT NULL,
    entry       INTEGER NOT NULL DEFAULT 0,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    verified_at TEXT NOT NULL
);
CREATE INDEX ix_backups_month ON backups (month, copy);

-- The keys that sign heads of the chain, and heads seen by others: cosigned, or
-- stamped with the time.
CREATE TABLE signing_keys (
    id      INTEGER PRIMARY KEY,
    vkey    TEXT NOT NULL UNIQUE,     -- public
    secret  TEXT NOT NULL DEFAULT '', -- '': lost
    made_at TEXT NOT NULL
);

CREATE TABLE anchors (
    size    INTEGER NOT NULL, -- entries of the chain
    witness TEXT NOT NULL, -- the cosigner's key, or 'tsa'
    note    TEXT NOT NULL, -- the signed head, as it was seen
    token   TEXT NOT NULL, -- a time stamp, base64
    at      TEXT NOT NULL,
    PRIMARY KEY (size, witness)
);

-- Copies of the backup folder's objects in other places.
CREATE TABLE copies (
    object     TEXT NOT NULL, -- its name in the backup folder
    place      TEXT NOT NULL,
    name       TEXT NOT NULL, -- its name there
    version    TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL, -- of the object
    stored     TEXT NOT NULL, -- the SHA-256 of the bytes there: of the ciphertext, if it is encrypted
    tried      TEXT NOT NULL, -- SHA-256 of each ciphertext sent without a known end
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    since      TEXT NOT NULL, -- when it came into this state
    checked_at TEXT NOT NULL, -- when the place last answered about it; '': never
    PRIMARY KEY (place, object)
);

-- Drills: backups restored into a scratch database, and what came out.
CREATE TABLE drills (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    month        TEXT NOT NULL,
    place        TEXT NOT NULL,
    file         TEXT NOT NULL,
    result       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    remedy       TEXT NOT NULL, -- the next command, where one helps
    milliseconds INTEGER NOT NULL,
    at           TEXT NOT NULL
);
CREATE INDEX ix_drills_month ON drills (month, place, id);

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
    correlation_id TEXT NOT NULL,
    stage          INTEGER NOT NULL DEFAULT 0 -- of a close: the stage it came to
);
CREATE INDEX ix_runs_month ON runs (month, id);

-- Guards. The chain only ever grows: triggers refuse everything but its next
-- number. It begins with 1, because an entry below the first would be obeyed as
-- the last of its month, and change neither the head nor what follows. A
-- statement stays as it was stored, and leaves extratos only once revisions holds
-- it; an earlier revision stays as well. INSERT OR REPLACE gets past the triggers
-- on DELETE, so each table has one on INSERT. extrato migrate puts back what is
-- missing of these, from this text.
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
-- +goose StatementBegin
CREATE TRIGGER closings_refuse_gap BEFORE INSERT ON closings
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM closings)
BEGIN
    SELECT RAISE(ABORT, 'closings is append-only: this is not its next number');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revisions_refuse_update BEFORE UPDATE ON revisions
BEGIN
    SELECT RAISE(ABORT, 'an earlier revision cannot be changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revisions_refuse_delete BEFORE DELETE ON revisions
BEGIN
    SELECT RAISE(ABORT, 'an earlier revision cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revisions_refuse_replace BEFORE INSERT ON revisions
WHEN EXISTS (SELECT 1 FROM revisions WHERE month = NEW.month AND revision = NEW.revision)
BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: revisions.month, revisions.revision');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER extratos_refuse_update BEFORE UPDATE ON extratos
BEGIN
    SELECT RAISE(ABORT, 'a stored statement cannot be changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER extratos_refuse_delete BEFORE DELETE ON extratos
WHEN NOT EXISTS (SELECT 1 FROM revisions WHERE month = printf('%04d-%02d', OLD.ano, OLD.mes)
    AND pagamentos IS OLD.pagamentos AND sessoes IS OLD.sessoes AND comissoes IS OLD.comissoes AND gastos IS OLD.gastos AND totais IS OLD.totais)
BEGIN
    SELECT RAISE(ABORT, 'a stored statement cannot be deleted: extrato reopen puts its rows back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER extratos_refuse_replace BEFORE INSERT ON extratos
WHEN EXISTS (SELECT 1 FROM extratos WHERE id = NEW.id OR mes = NEW.mes AND ano = NEW.ano)
BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: extratos.mes, extratos.ano');
END;
-- +goose StatementEnd

-- Who may come in, and what the service remembers: service tokens that can be
-- revoked, passwords (v4 reads users.password_hash in another form, so ours lie
-- here), logins, answers to repeat, and what people were told.
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

-- Who changed what when: a change is one thing that somebody did, with each row
-- that it touched as it was before and after, NULL where there was none. payment
-- is that of a commission. undoes is the change that this one took back.
CREATE TABLE changes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL,
    kind   TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    at     TEXT NOT NULL,
    undoes INTEGER
);

CREATE TABLE changed_rows (
    change  INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    row_id  INTEGER NOT NULL,
    payment INTEGER,
    before  TEXT,
    after   TEXT,
    PRIMARY KEY (change, kind, row_id)
);
CREATE INDEX ix_changed_rows_row ON changed_rows (kind, row_id, change);
CREATE INDEX ix_changed_rows_payment ON changed_rows (payment, change) WHERE payment IS NOT NULL;

-- What an artist gets and what a method costs, from a day on.
CREATE TABLE artist_terms (
    artist   INTEGER NOT NULL,
    from_day TEXT NOT NULL,
    percent  NUMERIC(5,2) NOT NULL,
    PRIMARY KEY (artist, from_day)
);

CREATE TABLE method_terms (
    method   TEXT NOT NULL,
    from_day TEXT NOT NULL,
    percent  NUMERIC(5,2) NOT NULL,
    days     INTEGER NOT NULL,
    PRIMARY KEY (method, from_day)
);

-- Clients who turned out to be somebody else we know: hidden, and shown as the
-- other. into_client is who was chosen; merged_into is who is shown now, should
-- that one have been merged as well. change is the change in question.
CREATE TABLE merged_clients (
    client      INTEGER PRIMARY KEY,
    into_client INTEGER NOT NULL,
    merged_into INTEGER NOT NULL,
    change      BIGINT NOT NULL
);
CREATE INDEX ix_merged_clients_merged_into ON merged_clients (merged_into);

-- The figures of statements, so that charts read no statement: one row for each
-- day, artist, method and category, 0 or '' where a row of the books has none.
-- Sums are whole centavos; number counts payments. The day of a commission is its
-- payment's, that of an unpaired one the month's first.
CREATE TABLE month_sums (
    month       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    day         TEXT NOT NULL,
    artist      INTEGER NOT NULL,
    method      TEXT NOT NULL,
    category    TEXT NOT NULL,
    revenue     BIGINT NOT NULL,
    commissions BIGINT NOT NULL,
    expenses    BIGINT NOT NULL,
    number      INTEGER NOT NULL,
    PRIMARY KEY (month, revision, day, artist, method, category)
);

-- What v4's users cannot say about a person, and one-time links. A link's key is
-- kept nowhere: it is computed from the id.
CREATE TABLE staff (
    user_id   INTEGER PRIMARY KEY,
    reception BOOLEAN NOT NULL,
    tattoos   BOOLEAN NOT NULL
);

CREATE TABLE invitations (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT NOT NULL
);
CREATE INDEX ix_invitations_user_id ON invitations (user_id);
