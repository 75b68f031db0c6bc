-- Everything there is in a new database. First the books themselves, exactly as
-- v4 creates them. On a v4 database every table is there already and nothing
-- happens; indexes and keys that an older database lacks are added outside of
-- migrations, concurrently. Ours are in a schema of our own, so that v4's tools
-- never meet them, and none refers to a table of v4's.

-- +goose Up
SET LOCAL lock_timeout = '2s';
CREATE TABLE IF NOT EXISTS users (
    id                   SERIAL PRIMARY KEY,
    email                VARCHAR(100) UNIQUE,
    name                 VARCHAR(100) NOT NULL,
    avatar_url           VARCHAR(255),
    google_id            VARCHAR(50) UNIQUE,
    password_hash        VARCHAR(255),
    role                 VARCHAR(20) NOT NULL,
    active_flag          BOOLEAN NOT NULL,
    unified_flow_enabled BOOLEAN NOT NULL,
    created_at           TIMESTAMPTZ DEFAULT now(),
    updated_at           TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS clients (
    id                    SERIAL PRIMARY KEY,
    name                  VARCHAR(255) NOT NULL,
    jotform_submission_id VARCHAR(100) UNIQUE,
    created_at            TIMESTAMPTZ DEFAULT now(),
    updated_at            TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS sessoes (
    id              SERIAL PRIMARY KEY,
    data            DATE NOT NULL,
    valor           NUMERIC(10,2) NOT NULL,
    observacoes     VARCHAR(255),
    cliente_id      INTEGER NOT NULL REFERENCES clients (id),
    artista_id      INTEGER NOT NULL REFERENCES users (id),
    google_event_id VARCHAR(100) UNIQUE,
    status          VARCHAR(20) NOT NULL,
    payment_id      INTEGER,
    created_at      TIMESTAMPTZ DEFAULT now(),
    updated_at      TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS pagamentos (
    id              SERIAL PRIMARY KEY,
    data            DATE NOT NULL,
    valor           NUMERIC(10,2) NOT NULL,
    forma_pagamento VARCHAR(50) NOT NULL,
    observacoes     VARCHAR(255),
    comissao        NUMERIC(10,2),
    cliente_id      INTEGER REFERENCES clients (id),
    artista_id      INTEGER NOT NULL REFERENCES users (id),
    sessao_id       INTEGER REFERENCES sessoes (id),
    google_event_id VARCHAR(100),
    created_at      TIMESTAMPTZ DEFAULT now(),
    updated_at      TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS comissoes (
    id           SERIAL PRIMARY KEY,
    pagamento_id INTEGER REFERENCES pagamentos (id),
    artista_id   INTEGER NOT NULL REFERENCES users (id),
    percentual   NUMERIC(5,2) NOT NULL,
    valor        NUMERIC(10,2) NOT NULL,
    observacoes  VARCHAR(255),
    created_at   TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS gastos (
    id              SERIAL PRIMARY KEY,
    data            DATE NOT NULL,
    valor           NUMERIC(10,2) NOT NULL,
    descricao       VARCHAR(255),
    forma_pagamento VARCHAR(50) NOT NULL,
    created_by      INTEGER NOT NULL REFERENCES users (id),
    created_at      TIMESTAMPTZ DEFAULT now(),
    updated_at      TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS extratos (
    id         SERIAL PRIMARY KEY,
    mes        INTEGER NOT NULL,
    ano        INTEGER NOT NULL,
    pagamentos JSON NOT NULL,
    sessoes    JSON NOT NULL,
    comissoes  JSON NOT NULL,
    gastos     JSON,
    totais     JSON NOT NULL,
    created_at TIMESTAMPTZ DEFAULT now(),
    CONSTRAINT uq_extratos_mes_ano UNIQUE (mes, ano)
);

CREATE TABLE IF NOT EXISTS extrato_run_logs (
    id      SERIAL PRIMARY KEY,
    mes     INTEGER NOT NULL,
    ano     INTEGER NOT NULL,
    run_at  TIMESTAMPTZ DEFAULT now(),
    status  VARCHAR(50) NOT NULL,
    message VARCHAR(500),
    CONSTRAINT unique_extrato_run_per_month UNIQUE (mes, ano, status)
);

-- The two tables point at each other, so one of the keys comes afterwards; on
-- a database that we just made, that is: a v4 database's keys are its own.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sessoes) AND NOT EXISTS (SELECT 1 FROM pg_constraint
        WHERE conrelid = 'sessoes'::regclass AND contype = 'f' AND confrelid = 'pagamentos'::regclass) THEN
        ALTER TABLE sessoes ADD CONSTRAINT sessoes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES pagamentos (id);
    END IF;
END $$;
-- +goose StatementEnd

-- Deposits: each payment that was marked as one, and each that left the live
-- tables while its session stayed. session, amount and month are NULL while the
-- payment is live; then they are what its statement holds.
CREATE TABLE extrato.deposits (
    payment INTEGER PRIMARY KEY,
    session INTEGER,
    day     DATE NOT NULL,
    amount  NUMERIC(10,2),
    marked  BOOLEAN NOT NULL,
    month   TEXT
);
CREATE INDEX ix_deposits_session ON extrato.deposits (session);

-- The categories of live expenses; others stand in their statements.
CREATE TABLE extrato.expense_categories (
    expense  INTEGER PRIMARY KEY,
    category TEXT NOT NULL
);

-- Which payments rest in which month's statement, as runs of ids without a gap:
-- a commission may name one.
CREATE TABLE extrato.payments_at_rest (
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    month    TEXT NOT NULL,
    PRIMARY KEY (first_id, month)
);

-- What closing a month leaves behind besides the statement: the chain, earlier
-- revisions, what is known of backups, and every attempt.
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
    correlation_id TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    core           TEXT NOT NULL,
    seal           TEXT NOT NULL,
    payments       BIGINT NOT NULL,
    sessions       BIGINT NOT NULL,
    commissions    BIGINT NOT NULL,
    expenses       BIGINT NOT NULL,
    links          BIGINT NOT NULL,
    backup_file    TEXT NOT NULL,
    backup_sha256  TEXT NOT NULL,
    detail         TEXT NOT NULL,
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL
);
CREATE INDEX ix_closings_month ON extrato.closings (month, seq);
CREATE INDEX ix_closings_correlation_id ON extrato.closings (correlation_id);

-- What an entry covers through its digest "detail". It is kept apart because it
-- can be erased: the entries stay as they are.
CREATE TABLE extrato.closing_details (
    seq    BIGINT PRIMARY KEY,
    reason TEXT NOT NULL,
    totals TEXT NOT NULL,
    notes  TEXT NOT NULL,
    salt   TEXT NOT NULL
);

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
    manifest    TEXT NOT NULL,
    entry       BIGINT NOT NULL DEFAULT 0,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    verified_at TEXT NOT NULL
);
CREATE INDEX ix_backups_month ON extrato.backups (month, copy);

-- The keys that sign heads of the chain, and heads seen by others: cosigned, or
-- stamped with the time.
CREATE TABLE extrato.signing_keys (
    id      INTEGER PRIMARY KEY,
    vkey    TEXT NOT NULL UNIQUE,     -- public
    secret  TEXT NOT NULL DEFAULT '', -- '': lost
    made_at TEXT NOT NULL
);

CREATE TABLE extrato.anchors (
    size    BIGINT NOT NULL, -- entries of the chain
    witness TEXT NOT NULL, -- the cosigner's key, or 'tsa'
    note    TEXT NOT NULL, -- the signed head, as it was seen
    token   TEXT NOT NULL, -- a time stamp, base64
    at      TEXT NOT NULL,
    PRIMARY KEY (size, witness)
);

-- Copies of the backup folder's objects in other places.
CREATE TABLE extrato.copies (
    object     TEXT NOT NULL, -- its name in the backup folder
    place      TEXT NOT NULL,
    name       TEXT NOT NULL, -- its name there
    version    TEXT NOT NULL,
    size       BIGINT NOT NULL,
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
CREATE TABLE extrato.drills (
    id           BIGSERIAL PRIMARY KEY,
    month        TEXT NOT NULL,
    place        TEXT NOT NULL,
    file         TEXT NOT NULL,
    result       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    remedy       TEXT NOT NULL, -- the next command, where one helps
    milliseconds BIGINT NOT NULL,
    at           TEXT NOT NULL
);
CREATE INDEX ix_drills_month ON extrato.drills (month, place, id);

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
    correlation_id TEXT NOT NULL,
    stage          INTEGER NOT NULL DEFAULT 0 -- of a close: the stage it came to
);
CREATE INDEX ix_runs_month ON extrato.runs (month, id);

-- Guards. The chain only ever grows: triggers refuse everything but its next
-- number. It begins with 1, because an entry below the first would be obeyed as
-- the last of its month, and change neither the head nor what follows. An earlier
-- revision stays as it is. v4 writes statements of its own, so in extratos only
-- ours are guarded: they stay as they were stored, and leave only once revisions
-- holds them. The functions run with our rights, since v4 may be another user.
-- extrato migrate puts back what is missing of these, from this text.
-- +goose StatementBegin
CREATE FUNCTION extrato.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION extrato.refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM extrato.closings) THEN
        RAISE EXCEPTION 'closings is append-only: % is not its next number', NEW.seq;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION extrato.keep_statement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    ours boolean;
    kept boolean := FALSE;
BEGIN -- EXECUTE, because v4 may make json of jsonb meanwhile, and a plan would remember
    EXECUTE format('SELECT (($1::%I.extratos).totais #>> ''{}'') LIKE ''%%"extrato":{"versao":%%''', TG_TABLE_SCHEMA) INTO ours USING OLD;
    IF TG_OP = 'DELETE' AND ours THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM (SELECT ($1::%I.extratos).*) AS old JOIN extrato.revisions AS r
            ON r.month = to_char(old.ano, ''FM0000'') || ''-'' || to_char(old.mes, ''FM00'') AND r.pagamentos::text = old.pagamentos::text
            AND r.sessoes::text = old.sessoes::text AND r.comissoes::text = old.comissoes::text
            AND r.gastos::text IS NOT DISTINCT FROM old.gastos::text AND r.totais::text = old.totais::text)', TG_TABLE_SCHEMA) INTO kept USING OLD;
    END IF;
    IF ours AND NOT kept THEN
        RAISE EXCEPTION 'the statement of %-% was closed by extrato and stays: extrato reopen puts its rows back', OLD.ano, OLD.mes;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER closings_refuse_change BEFORE DELETE OR UPDATE ON extrato.closings FOR EACH ROW EXECUTE FUNCTION extrato.refuse_change();
CREATE TRIGGER closings_refuse_truncate BEFORE TRUNCATE ON extrato.closings FOR EACH STATEMENT EXECUTE FUNCTION extrato.refuse_change();
CREATE TRIGGER closings_refuse_gap BEFORE INSERT ON extrato.closings FOR EACH ROW EXECUTE FUNCTION extrato.refuse_gap();
CREATE TRIGGER revisions_refuse_change BEFORE DELETE OR UPDATE ON extrato.revisions FOR EACH ROW EXECUTE FUNCTION extrato.refuse_change();
CREATE TRIGGER revisions_refuse_truncate BEFORE TRUNCATE ON extrato.revisions FOR EACH STATEMENT EXECUTE FUNCTION extrato.refuse_change();
CREATE TRIGGER extratos_keep_ours BEFORE DELETE OR UPDATE ON extratos FOR EACH ROW EXECUTE FUNCTION extrato.keep_statement();

-- Who may come in, and what the service remembers: service tokens that can be
-- revoked, passwords (v4 reads users.password_hash in another form, so ours lie
-- here), logins, answers to repeat, and what people were told.
CREATE TABLE extrato.service_tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    revoked_at   TEXT NOT NULL
);

CREATE TABLE extrato.passwords (
    user_id    INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE extrato.logins (
    token      TEXT PRIMARY KEY,
    data       BYTEA NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX ix_logins_expires_at ON extrato.logins (expires_at);

CREATE TABLE extrato.answers (
    actor   TEXT NOT NULL,
    key     TEXT NOT NULL,
    request TEXT NOT NULL,
    status  INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body    BYTEA NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX ix_answers_at ON extrato.answers (at);

CREATE TABLE extrato.alarms (
    subject TEXT PRIMARY KEY,
    cause   TEXT NOT NULL,
    since   TEXT NOT NULL,
    told_at TEXT NOT NULL
);

-- Who changed what when: a change is one thing that somebody did, with each row
-- that it touched as it was before and after, NULL where there was none. payment
-- is that of a commission. undoes is the change that this one took back.
CREATE TABLE extrato.changes (
    id     BIGSERIAL PRIMARY KEY,
    action TEXT NOT NULL,
    kind   TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    at     TEXT NOT NULL,
    undoes BIGINT
);

CREATE TABLE extrato.changed_rows (
    change  BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    row_id  INTEGER NOT NULL,
    payment INTEGER,
    before  TEXT,
    after   TEXT,
    PRIMARY KEY (change, kind, row_id)
);
CREATE INDEX ix_changed_rows_row ON extrato.changed_rows (kind, row_id, change);
CREATE INDEX ix_changed_rows_payment ON extrato.changed_rows (payment, change) WHERE payment IS NOT NULL;

-- What an artist gets and what a method costs, from a day on.
CREATE TABLE extrato.artist_terms (
    artist   INTEGER NOT NULL,
    from_day TEXT NOT NULL,
    percent  NUMERIC(5,2) NOT NULL,
    PRIMARY KEY (artist, from_day)
);

CREATE TABLE extrato.method_terms (
    method   TEXT NOT NULL,
    from_day TEXT NOT NULL,
    percent  NUMERIC(5,2) NOT NULL,
    days     INTEGER NOT NULL,
    PRIMARY KEY (method, from_day)
);

-- Clients who turned out to be somebody else we know: hidden, and shown as the
-- other. into_client is who was chosen; merged_into is who is shown now, should
-- that one have been merged as well. change is the change in question.
CREATE TABLE extrato.merged_clients (
    client      INTEGER PRIMARY KEY,
    into_client INTEGER NOT NULL,
    merged_into INTEGER NOT NULL,
    change      BIGINT NOT NULL
);
CREATE INDEX ix_merged_clients_merged_into ON extrato.merged_clients (merged_into);

-- The figures of statements, so that charts read no statement: one row for each
-- day, artist, method and category, 0 or '' where a row of the books has none.
-- Sums are whole centavos; number counts payments. The day of a commission is its
-- payment's, that of an unpaired one the month's first.
CREATE TABLE extrato.month_sums (
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
CREATE TABLE extrato.staff (
    user_id   INTEGER PRIMARY KEY,
    reception BOOLEAN NOT NULL,
    tattoos   BOOLEAN NOT NULL
);

CREATE TABLE extrato.invitations (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT NOT NULL
);
CREATE INDEX ix_invitations_user_id ON extrato.invitations (user_id);
