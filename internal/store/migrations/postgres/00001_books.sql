-- The books themselves, exactly as v4 creates them. On a v4 database every
-- table is there already and nothing happens; indexes and keys that an older
-- database lacks are added outside of migrations, concurrently.

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
