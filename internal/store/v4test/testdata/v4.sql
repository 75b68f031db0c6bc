-- A v4 database: the schema as pg_dump writes it, with made-up rows.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.clients (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    jotform_submission_id character varying(100),
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone
);
CREATE SEQUENCE public.clients_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.clients_id_seq OWNED BY public.clients.id;
CREATE TABLE public.comissoes (
    id integer NOT NULL,
    pagamento_id integer,
    artista_id integer NOT NULL,
    percentual numeric(5,2) NOT NULL,
    valor numeric(10,2) NOT NULL,
    observacoes character varying(255),
    created_at timestamp with time zone
);
CREATE SEQUENCE public.comissoes_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.comissoes_id_seq OWNED BY public.comissoes.id;
CREATE TABLE public.extrato_run_logs (
    id integer NOT NULL,
    mes integer NOT NULL,
    ano integer NOT NULL,
    run_at timestamp with time zone DEFAULT now(),
    status character varying(50) NOT NULL,
    message character varying(500)
);
CREATE SEQUENCE public.extrato_run_logs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.extrato_run_logs_id_seq OWNED BY public.extrato_run_logs.id;
CREATE TABLE public.extrato_snapshots (
    id integer NOT NULL,
    snapshot_id character varying(50) NOT NULL,
    mes integer NOT NULL,
    ano integer NOT NULL,
    data json NOT NULL,
    correlation_id character varying(50) NOT NULL,
    created_at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE public.extrato_snapshots_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.extrato_snapshots_id_seq OWNED BY public.extrato_snapshots.id;
CREATE TABLE public.extratos (
    id integer NOT NULL,
    mes integer NOT NULL,
    ano integer NOT NULL,
    pagamentos json NOT NULL,
    sessoes json NOT NULL,
    comissoes json NOT NULL,
    gastos json,
    totais json NOT NULL,
    created_at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE public.extratos_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.extratos_id_seq OWNED BY public.extratos.id;
CREATE TABLE public.gastos (
    id integer NOT NULL,
    data date NOT NULL,
    valor numeric(10,2) NOT NULL,
    descricao character varying(255),
    forma_pagamento character varying(50) NOT NULL,
    created_by integer NOT NULL,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone
);
CREATE SEQUENCE public.gastos_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.gastos_id_seq OWNED BY public.gastos.id;
CREATE TABLE public.pagamentos (
    id integer NOT NULL,
    data date NOT NULL,
    valor numeric(10,2) NOT NULL,
    forma_pagamento character varying(50) NOT NULL,
    observacoes character varying(255),
    comissao numeric(10,2),
    cliente_id integer,
    artista_id integer NOT NULL,
    sessao_id integer,
    google_event_id character varying(100),
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone
);
CREATE SEQUENCE public.pagamentos_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pagamentos_id_seq OWNED BY public.pagamentos.id;
CREATE TABLE public.sessoes (
    id integer NOT NULL,
    data date NOT NULL,
    valor numeric(10,2) NOT NULL,
    observacoes character varying(255),
    cliente_id integer NOT NULL,
    artista_id integer NOT NULL,
    google_event_id character varying(100),
    status character varying(20) NOT NULL,
    payment_id integer,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone
);
CREATE SEQUENCE public.sessoes_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.sessoes_id_seq OWNED BY public.sessoes.id;
CREATE TABLE public.users (
    id integer NOT NULL,
    email character varying(100),
    name character varying(100) NOT NULL,
    avatar_url character varying(255),
    google_id character varying(50),
    password_hash character varying(255),
    role character varying(20) NOT NULL,
    active_flag boolean NOT NULL,
    unified_flow_enabled boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone
);
CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
ALTER TABLE ONLY public.clients ALTER COLUMN id SET DEFAULT nextval('public.clients_id_seq'::regclass);
ALTER TABLE ONLY public.comissoes ALTER COLUMN id SET DEFAULT nextval('public.comissoes_id_seq'::regclass);
ALTER TABLE ONLY public.extrato_run_logs ALTER COLUMN id SET DEFAULT nextval('public.extrato_run_logs_id_seq'::regclass);
ALTER TABLE ONLY public.extrato_snapshots ALTER COLUMN id SET DEFAULT nextval('public.extrato_snapshots_id_seq'::regclass);
ALTER TABLE ONLY public.extratos ALTER COLUMN id SET DEFAULT nextval('public.extratos_id_seq'::regclass);
ALTER TABLE ONLY public.gastos ALTER COLUMN id SET DEFAULT nextval('public.gastos_id_seq'::regclass);
ALTER TABLE ONLY public.pagamentos ALTER COLUMN id SET DEFAULT nextval('public.pagamentos_id_seq'::regclass);
ALTER TABLE ONLY public.sessoes ALTER COLUMN id SET DEFAULT nextval('public.sessoes_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);

-- The rows, all made up. October 2025 has 380 payments, 320 sessions, 240
-- commissions and 60 expenses; September and November have 20 rows each, among
-- them the sessions of deposits and of a balance that cross October's end.
SET TimeZone = 'UTC';

CREATE FUNCTION pg_temp.note(i integer) RETURNS text LANGUAGE sql AS $$
    SELECT (ARRAY[NULL, '', 'cliente pediu "sombreado"; traço fino', E'duas\nlinhas', E'janela\r\nantiga', '=1+1', '+55 11', '@x', '-2',
        '💉 máquina rotativa 🖤', E'tab\taqui', '  espaços  ', E'cafe\u0301', 'café', 'NULL', '\N', 'a\b', '''aspas''', ',', repeat('ç', 255)])[1 + i % 20]
$$;

INSERT INTO public.users (id, email, name, avatar_url, google_id, password_hash, role, active_flag, unified_flow_enabled, created_at, updated_at)
SELECT i, 'artista' || i || '@estudio.test', 'Artista ' || i, NULL, CASE WHEN i % 2 = 0 THEN 'g-' || i END,
    CASE WHEN i = 1 THEN 'scrypt:32768:8:1$sal$resumo' END, CASE WHEN i = 1 THEN 'admin' ELSE 'artist' END, i <> 9, i % 3 = 0,
    timestamptz '2024-01-01 12:00:00+00' + i * interval '1 day 0.000001 second', CASE WHEN i = 2 THEN timestamptz '2025-01-01 00:00:00.5+00' END
FROM generate_series(1, 9) AS i;
INSERT INTO public.users (id, email, name, role, active_flag, unified_flow_enabled, created_at)
VALUES (999, 'github-actions@tattoo-studio.local', 'GitHub Actions Bot', 'admin', true, false, '2024-02-01 00:00:00+00');

INSERT INTO public.clients (id, name, jotform_submission_id, created_at, updated_at)
SELECT i, CASE i WHEN 1 THEN '=HYPERLINK("http://exemplo.test";"clique")' WHEN 2 THEN E'Zoë\tÑandú' WHEN 3 THEN 'D''Ávila, "Bia"' ELSE 'Cliente ' || i END,
    CASE WHEN i % 4 = 0 THEN 'jot-' || i END, timestamptz '2024-03-01 09:30:00.123456+00' + i * interval '1 hour', NULL
FROM generate_series(1, 40) AS i;

-- October's sessions: most on the day of their payment, ten before and ten after the month.
INSERT INTO public.sessoes (id, data, valor, observacoes, cliente_id, artista_id, google_event_id, status, payment_id, created_at, updated_at)
SELECT 1000 + i, CASE WHEN i <= 10 THEN date '2025-09-25' WHEN i <= 20 THEN date '2025-11-05' ELSE date '2025-10-01' + i % 31 END,
    100 + i * 1.37, pg_temp.note(i + 3), 1 + i % 40, 1 + i % 8, CASE WHEN i % 5 = 0 THEN 'evento-s-' || i END,
    (ARRAY['paid', 'completed', 'active'])[1 + i % 3], NULL,
    timestamptz '2025-09-20 18:00:00+00' + i * interval '17 minutes 0.000007 second', CASE WHEN i % 6 = 0 THEN timestamptz '2025-10-31 23:59:59.999999+00' END
FROM generate_series(1, 320) AS i;
-- Sessions of November that October's payments are linked to as well.
INSERT INTO public.sessoes (id, data, valor, observacoes, cliente_id, artista_id, google_event_id, status, payment_id, created_at, updated_at)
SELECT 2000 + i, date '2025-11-10' + i, 900, pg_temp.note(i), i, 1, NULL, 'paid', NULL, timestamptz '2025-10-10 12:00:00+00', NULL
FROM generate_series(1, 6) AS i;
-- September's, and two that nobody paid, which stay.
INSERT INTO public.sessoes (id, data, valor, observacoes, cliente_id, artista_id, google_event_id, status, payment_id, created_at, updated_at)
SELECT 900 + i, date '2025-09-10' + i, 250, pg_temp.note(i), i, 2, NULL, CASE WHEN i <= 4 THEN 'paid' ELSE 'active' END, NULL,
    timestamptz '2025-09-01 12:00:00+00', NULL
FROM generate_series(1, 6) AS i;

INSERT INTO public.pagamentos (id, data, valor, forma_pagamento, observacoes, comissao, cliente_id, artista_id, sessao_id, google_event_id, created_at, updated_at)
SELECT 100 + i, date '2025-10-01' + i % 31, (i * 12.34)::numeric(10,2), (ARRAY['Pix', 'Dinheiro', 'Cartão de Crédito', 'Cartão de Débito', 'Outros'])[1 + i % 5],
    pg_temp.note(i), CASE WHEN i % 50 = 0 THEN 1.01 END, CASE WHEN i % 9 <> 0 THEN 1 + i % 40 END, 1 + i % 8,
    CASE WHEN i <= 320 THEN 1000 + i WHEN i BETWEEN 371 AND 375 THEN 2000 + i - 370 END, CASE WHEN i % 7 = 0 THEN 'evento-p-' || i END,
    timestamptz '2025-10-01 12:34:56.000001+00' + i * interval '7 seconds', CASE WHEN i % 10 = 0 THEN timestamptz '2025-11-01 02:59:59.999999+00' END
FROM generate_series(1, 380) AS i;
INSERT INTO public.pagamentos (id, data, valor, forma_pagamento, observacoes, comissao, cliente_id, artista_id, sessao_id, google_event_id, created_at, updated_at)
SELECT 600 + i, date '2025-11-01' + i, 0.10, 'Pix', pg_temp.note(i), NULL, i, 1, CASE WHEN i <= 5 THEN 2000 + i WHEN i = 8 THEN 2006 END, NULL,
    timestamptz '2025-11-02 12:00:00+00', NULL
FROM generate_series(1, 8) AS i;
INSERT INTO public.pagamentos (id, data, valor, forma_pagamento, observacoes, comissao, cliente_id, artista_id, sessao_id, google_event_id, created_at, updated_at)
SELECT 10 + i, date '2025-09-30' - i, 99999999.99 - i, 'Dinheiro', pg_temp.note(i), NULL, i, 2, CASE WHEN i <= 4 THEN 900 + i END, NULL,
    timestamptz '2025-09-29 12:00:00+00', NULL
FROM generate_series(1, 8) AS i;
UPDATE public.sessoes SET payment_id = id - 900 WHERE id BETWEEN 1001 AND 1320;
UPDATE public.sessoes SET payment_id = id - 1400 WHERE id BETWEEN 2001 AND 2005;
UPDATE public.sessoes SET payment_id = 476 WHERE id = 2006;
UPDATE public.sessoes SET payment_id = id - 890 WHERE id BETWEEN 901 AND 904;

-- A commission is dated at its payment's midnight in the studio's zone.
INSERT INTO public.comissoes (id, pagamento_id, artista_id, percentual, valor, observacoes, created_at)
SELECT i, p.id, p.artista_id, 33.33, round(p.valor * 0.3333, 2), pg_temp.note(i), p.data::timestamp AT TIME ZONE 'America/Sao_Paulo'
FROM generate_series(1, 235) AS i JOIN public.pagamentos p ON p.id = 100 + i;
INSERT INTO public.comissoes (id, pagamento_id, artista_id, percentual, valor, observacoes, created_at) VALUES
    (236, NULL, 1, 10, 5, 'primeiro instante de outubro', '2025-10-01 03:00:00+00'),
    (237, NULL, 1, 10, 5, NULL, '2025-10-15 12:00:00+00'), (238, NULL, 1, 10, 5, NULL, '2025-10-16 12:00:00+00'),
    (239, NULL, 1, 10, 5, NULL, '2025-10-17 12:00:00+00'),
    (240, NULL, 1, 10, 5, 'último instante de outubro', '2025-11-01 02:59:59.999999+00'),
    (241, NULL, 1, 10, 5, 'primeiro instante de novembro', '2025-11-01 03:00:00+00'),
    (242, 601, 1, 50, 0.05, NULL, '2025-11-02 03:00:00+00'),
    (243, 11, 2, 50, 1, NULL, '2025-09-29 03:00:00+00'), (244, 12, 2, 50, 1, NULL, NULL), (245, 13, 2, 50, 1, NULL, '2025-10-05 03:00:00+00');

INSERT INTO public.gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at, updated_at)
SELECT i, date '2025-10-31' - i % 31, i + 0.05, pg_temp.note(i), 'Pix', 1 + i % 9, timestamptz '2025-10-03 10:00:00+00', NULL FROM generate_series(1, 60) AS i;
INSERT INTO public.gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at, updated_at)
SELECT 60 + i, CASE WHEN i <= 5 THEN date '2025-09-30' ELSE date '2025-11-01' END, 10, 'agulhas', 'Dinheiro', 1, timestamptz '2025-09-30 10:00:00+00', NULL
FROM generate_series(1, 9) AS i;

-- What v4 closed before, in its own form: JSON strings that hold JSON.
INSERT INTO public.extratos (id, mes, ano, pagamentos, sessoes, comissoes, gastos, totais, created_at) VALUES (3, 8, 2025,
    to_json('[{"id": 5000, "data": "2025-08-03", "cliente_name": "Jo\u00e3o", "artista_name": "Artista 1", "valor": 450.0, "forma_pagamento": "Pix", "observacoes": null, "sessao_id": 6000, "sessao_data": "2025-08-03"}]'::text),
    to_json('[{"id": 6000, "data": "2025-08-03", "cliente_name": "Jo\u00e3o", "artista_name": "Artista 1", "valor": 450.0, "status": "paid", "observacoes": null}]'::text),
    to_json('[{"artista_name": "Artista 1", "cliente_name": "Jo\u00e3o", "pagamento_valor": 450.0, "pagamento_data": "2025-08-03", "percentual": 60.0, "valor": 270.0, "observacoes": null}]'::text),
    to_json('[]'::text),
    to_json('{"receita_total": 450.0, "total_pagamentos": 450.0, "comissoes_total": 270.0, "despesas_total": 0, "saldo": 450.0, "receita_liquida": 180.0, "por_artista": [{"artista": "Artista 1", "receita": 450.0, "comissao": 270.0}], "por_forma_pagamento": [{"forma": "Pix", "total": 450.0}], "gastos_por_forma_pagamento": [], "gastos_por_categoria": []}'::text),
    '2025-09-02 05:00:00+00');
INSERT INTO public.extrato_run_logs (id, mes, ano, run_at, status, message) VALUES (7, 8, 2025, '2025-09-02 05:00:00+00', 'success', 'Extrato gerado');
INSERT INTO public.extrato_snapshots (id, snapshot_id, mes, ano, data, correlation_id, created_at) VALUES (2, 's-1', 8, 2025, '"\"{}\""', 'abc', '2025-09-02 05:00:00+00');

SELECT pg_catalog.setval('public.users_id_seq', 999);
SELECT pg_catalog.setval('public.clients_id_seq', 40);
SELECT pg_catalog.setval('public.sessoes_id_seq', 2006);
SELECT pg_catalog.setval('public.pagamentos_id_seq', 608);
SELECT pg_catalog.setval('public.comissoes_id_seq', 7001); -- v4 deleted those above
SELECT pg_catalog.setval('public.gastos_id_seq', 69);
SELECT pg_catalog.setval('public.extratos_id_seq', 3);
SELECT pg_catalog.setval('public.extrato_run_logs_id_seq', 7);
SELECT pg_catalog.setval('public.extrato_snapshots_id_seq', 2);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_jotform_submission_id_key UNIQUE (jotform_submission_id);
ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.comissoes
    ADD CONSTRAINT comissoes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.extrato_run_logs
    ADD CONSTRAINT extrato_run_logs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.extrato_snapshots
    ADD CONSTRAINT extrato_snapshots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.extratos
    ADD CONSTRAINT extratos_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.gastos
    ADD CONSTRAINT gastos_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pagamentos
    ADD CONSTRAINT pagamentos_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessoes
    ADD CONSTRAINT sessoes_google_event_id_key UNIQUE (google_event_id);
ALTER TABLE ONLY public.sessoes
    ADD CONSTRAINT sessoes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.extrato_run_logs
    ADD CONSTRAINT unique_extrato_run_per_month UNIQUE (mes, ano, status);
ALTER TABLE ONLY public.extratos
    ADD CONSTRAINT uq_extratos_mes_ano UNIQUE (mes, ano);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_google_id_key UNIQUE (google_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX ix_clients_id ON public.clients USING btree (id);
CREATE INDEX ix_comissoes_artista_id ON public.comissoes USING btree (artista_id);
CREATE INDEX ix_comissoes_id ON public.comissoes USING btree (id);
CREATE INDEX ix_comissoes_pagamento_id ON public.comissoes USING btree (pagamento_id);
CREATE INDEX ix_extrato_run_logs_ano ON public.extrato_run_logs USING btree (ano);
CREATE INDEX ix_extrato_run_logs_id ON public.extrato_run_logs USING btree (id);
CREATE INDEX ix_extrato_run_logs_mes ON public.extrato_run_logs USING btree (mes);
CREATE INDEX ix_extrato_snapshots_ano ON public.extrato_snapshots USING btree (ano);
CREATE INDEX ix_extrato_snapshots_correlation_id ON public.extrato_snapshots USING btree (correlation_id);
CREATE INDEX ix_extrato_snapshots_id ON public.extrato_snapshots USING btree (id);
CREATE INDEX ix_extrato_snapshots_mes ON public.extrato_snapshots USING btree (mes);
CREATE UNIQUE INDEX ix_extrato_snapshots_snapshot_id ON public.extrato_snapshots USING btree (snapshot_id);
CREATE INDEX ix_extratos_ano ON public.extratos USING btree (ano);
CREATE INDEX ix_extratos_id ON public.extratos USING btree (id);
CREATE INDEX ix_extratos_mes ON public.extratos USING btree (mes);
CREATE INDEX ix_gastos_created_by ON public.gastos USING btree (created_by);
CREATE INDEX ix_gastos_data ON public.gastos USING btree (data);
CREATE INDEX ix_gastos_id ON public.gastos USING btree (id);
CREATE INDEX ix_pagamentos_artista_id ON public.pagamentos USING btree (artista_id);
CREATE INDEX ix_pagamentos_cliente_id ON public.pagamentos USING btree (cliente_id);
CREATE INDEX ix_pagamentos_data ON public.pagamentos USING btree (data);
CREATE INDEX ix_pagamentos_forma_pagamento ON public.pagamentos USING btree (forma_pagamento);
CREATE UNIQUE INDEX ix_pagamentos_google_event_id ON public.pagamentos USING btree (google_event_id);
CREATE INDEX ix_pagamentos_id ON public.pagamentos USING btree (id);
CREATE INDEX ix_pagamentos_sessao_id ON public.pagamentos USING btree (sessao_id);
CREATE INDEX ix_sessoes_artista_id ON public.sessoes USING btree (artista_id);
CREATE INDEX ix_sessoes_cliente_id ON public.sessoes USING btree (cliente_id);
CREATE INDEX ix_sessoes_id ON public.sessoes USING btree (id);
CREATE INDEX ix_sessoes_payment_id ON public.sessoes USING btree (payment_id);
CREATE INDEX ix_users_id ON public.users USING btree (id);
ALTER TABLE ONLY public.comissoes
    ADD CONSTRAINT comissoes_artista_id_fkey FOREIGN KEY (artista_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.comissoes
    ADD CONSTRAINT comissoes_pagamento_id_fkey FOREIGN KEY (pagamento_id) REFERENCES public.pagamentos(id);
ALTER TABLE ONLY public.gastos
    ADD CONSTRAINT gastos_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.pagamentos
    ADD CONSTRAINT pagamentos_artista_id_fkey FOREIGN KEY (artista_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.pagamentos
    ADD CONSTRAINT pagamentos_cliente_id_fkey FOREIGN KEY (cliente_id) REFERENCES public.clients(id);
ALTER TABLE ONLY public.pagamentos
    ADD CONSTRAINT pagamentos_sessao_id_fkey FOREIGN KEY (sessao_id) REFERENCES public.sessoes(id);
ALTER TABLE ONLY public.sessoes
    ADD CONSTRAINT sessoes_artista_id_fkey FOREIGN KEY (artista_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.sessoes
    ADD CONSTRAINT sessoes_cliente_id_fkey FOREIGN KEY (cliente_id) REFERENCES public.clients(id);
ALTER TABLE ONLY public.sessoes
    ADD CONSTRAINT sessoes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.pagamentos(id);
