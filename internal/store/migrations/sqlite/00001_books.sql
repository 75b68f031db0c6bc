-- The books themselves: v4's tables and columns, so that one SQL text serves
-- SQLite and PostgreSQL. Ids are AUTOINCREMENT because SQLite otherwise gives
-- the id of a deleted last row to the next one, and a closed row's id must
-- never come back. Days and instants are text. Amounts refuse parts of a cent.

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
