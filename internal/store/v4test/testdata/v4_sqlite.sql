-- A new v4 database as SQLAlchemy makes it in a SQLite file: no AUTOINCREMENT,
-- no enforced foreign keys, times without a zone, amounts as SQLite likes them.
CREATE TABLE users (
    id INTEGER NOT NULL, email VARCHAR(100), name VARCHAR(100) NOT NULL, avatar_url VARCHAR(255), google_id VARCHAR(50),
    password_hash VARCHAR(255), role VARCHAR(20) NOT NULL, active_flag BOOLEAN NOT NULL, unified_flow_enabled BOOLEAN NOT NULL,
    created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), updated_at DATETIME, PRIMARY KEY (id), UNIQUE (email), UNIQUE (google_id)
);
CREATE TABLE clients (
    id INTEGER NOT NULL, name VARCHAR(255) NOT NULL, jotform_submission_id VARCHAR(100),
    created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), updated_at DATETIME, PRIMARY KEY (id), UNIQUE (jotform_submission_id)
);
CREATE TABLE sessoes (
    id INTEGER NOT NULL, data DATE NOT NULL, valor NUMERIC(10, 2) NOT NULL, observacoes VARCHAR(255), cliente_id INTEGER NOT NULL,
    artista_id INTEGER NOT NULL, google_event_id VARCHAR(100), status VARCHAR(20) NOT NULL, payment_id INTEGER,
    created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), updated_at DATETIME, PRIMARY KEY (id),
    FOREIGN KEY(cliente_id) REFERENCES clients (id), FOREIGN KEY(artista_id) REFERENCES users (id), UNIQUE (google_event_id),
    FOREIGN KEY(payment_id) REFERENCES pagamentos (id)
);
CREATE TABLE pagamentos (
    id INTEGER NOT NULL, data DATE NOT NULL, valor NUMERIC(10, 2) NOT NULL, forma_pagamento VARCHAR(50) NOT NULL, observacoes VARCHAR(255),
    comissao NUMERIC(10, 2), cliente_id INTEGER, artista_id INTEGER NOT NULL, sessao_id INTEGER, google_event_id VARCHAR(100),
    created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), updated_at DATETIME, PRIMARY KEY (id),
    FOREIGN KEY(cliente_id) REFERENCES clients (id), FOREIGN KEY(artista_id) REFERENCES users (id), FOREIGN KEY(sessao_id) REFERENCES sessoes (id)
);
CREATE UNIQUE INDEX ix_pagamentos_google_event_id ON pagamentos (google_event_id);
CREATE TABLE comissoes (
    id INTEGER NOT NULL, pagamento_id INTEGER, artista_id INTEGER NOT NULL, percentual NUMERIC(5, 2) NOT NULL, valor NUMERIC(10, 2) NOT NULL,
    observacoes VARCHAR(255), created_at DATETIME, PRIMARY KEY (id),
    FOREIGN KEY(pagamento_id) REFERENCES pagamentos (id), FOREIGN KEY(artista_id) REFERENCES users (id)
);
CREATE TABLE gastos (
    id INTEGER NOT NULL, data DATE NOT NULL, valor NUMERIC(10, 2) NOT NULL, descricao VARCHAR(255), forma_pagamento VARCHAR(50) NOT NULL,
    created_by INTEGER NOT NULL, created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), updated_at DATETIME, PRIMARY KEY (id),
    FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE TABLE extratos (
    id INTEGER NOT NULL, mes INTEGER NOT NULL, ano INTEGER NOT NULL, pagamentos JSON NOT NULL, sessoes JSON NOT NULL, comissoes JSON NOT NULL,
    gastos JSON, totais JSON NOT NULL, created_at DATETIME DEFAULT (CURRENT_TIMESTAMP), PRIMARY KEY (id),
    CONSTRAINT uq_extratos_mes_ano UNIQUE (mes, ano)
);
CREATE TABLE extrato_run_logs (
    id INTEGER NOT NULL, mes INTEGER NOT NULL, ano INTEGER NOT NULL, run_at DATETIME DEFAULT (CURRENT_TIMESTAMP), status VARCHAR(50) NOT NULL,
    message VARCHAR(500), PRIMARY KEY (id), CONSTRAINT unique_extrato_run_per_month UNIQUE (mes, ano, status)
);
CREATE TABLE inventory (id INTEGER NOT NULL, name VARCHAR(255), PRIMARY KEY (id));
