-- October 2025 exported and closed by hand with PostgreSQL's own shell, as
-- somebody would who knows it well: what `make bench` holds extrato against.
\set ON_ERROR_STOP on

-- The sessions that the month's payments are linked to, in either direction,
-- unless a payment of another month needs them.
CREATE TEMP TABLE month_sessions AS
SELECT sessao_id AS id FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31' AND sessao_id IS NOT NULL
UNION
SELECT s.id FROM pagamentos p JOIN sessoes s ON s.payment_id = p.id WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31';
DELETE FROM month_sessions WHERE id IN (
    SELECT sessao_id FROM pagamentos WHERE data NOT BETWEEN '2025-10-01' AND '2025-10-31'
    UNION ALL
    SELECT s.id FROM pagamentos p JOIN sessoes s ON s.payment_id = p.id WHERE p.data NOT BETWEEN '2025-10-01' AND '2025-10-31');
ANALYZE month_sessions;

\copy (SELECT p.*, c.name AS cliente_name, a.name AS artista_name FROM pagamentos p LEFT JOIN clients c ON c.id = p.cliente_id JOIN users a ON a.id = p.artista_id WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY p.id) TO 'pagamentos.csv' CSV HEADER
\copy (SELECT s.*, c.name AS cliente_name, a.name AS artista_name FROM month_sessions m JOIN sessoes s ON s.id = m.id JOIN clients c ON c.id = s.cliente_id JOIN users a ON a.id = s.artista_id ORDER BY s.id) TO 'sessoes.csv' CSV HEADER
\copy (SELECT k.*, a.name AS artista_name FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id JOIN users a ON a.id = k.artista_id WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY k.id) TO 'comissoes.csv' CSV HEADER
\copy (SELECT g.*, a.name AS creator_name FROM gastos g JOIN users a ON a.id = g.created_by WHERE g.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY g.id) TO 'gastos.csv' CSV HEADER

BEGIN;
-- to_json of text makes a string in JSON, as v4 stores it.
INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais)
SELECT 10, 2025,
    to_json((SELECT coalesce(json_agg(json_build_object('id', p.id, 'data', p.data, 'cliente_name', c.name, 'artista_name', a.name,
            'valor', p.valor, 'forma_pagamento', p.forma_pagamento, 'observacoes', p.observacoes,
            'sessao_id', p.sessao_id, 'sessao_data', s.data) ORDER BY p.id), '[]')::text
        FROM pagamentos p LEFT JOIN clients c ON c.id = p.cliente_id JOIN users a ON a.id = p.artista_id
            LEFT JOIN sessoes s ON s.id = p.sessao_id
        WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31')),
    to_json((SELECT coalesce(json_agg(json_build_object('id', s.id, 'data', s.data, 'cliente_name', c.name, 'artista_name', a.name,
            'valor', s.valor, 'status', s.status, 'observacoes', s.observacoes) ORDER BY s.id), '[]')::text
        FROM month_sessions m JOIN sessoes s ON s.id = m.id JOIN clients c ON c.id = s.cliente_id JOIN users a ON a.id = s.artista_id)),
    to_json((SELECT coalesce(json_agg(json_build_object('artista_name', a.name, 'cliente_name', c.name, 'pagamento_valor', p.valor,
            'pagamento_data', p.data, 'percentual', k.percentual, 'valor', k.valor, 'observacoes', k.observacoes) ORDER BY k.id), '[]')::text
        FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id JOIN users a ON a.id = k.artista_id LEFT JOIN clients c ON c.id = p.cliente_id
        WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31')),
    to_json((SELECT coalesce(json_agg(json_build_object('data', g.data, 'valor', g.valor, 'descricao', g.descricao,
            'forma_pagamento', g.forma_pagamento, 'categoria', NULL, 'created_by', a.name) ORDER BY g.id), '[]')::text
        FROM gastos g JOIN users a ON a.id = g.created_by WHERE g.data BETWEEN '2025-10-01' AND '2025-10-31')),
    to_json((
        SELECT json_build_object('receita_total', receita, 'total_pagamentos', receita, 'comissoes_total', comissoes,
            'despesas_total', despesas, 'saldo', receita - despesas, 'receita_liquida', receita - comissoes - despesas,
            'por_artista', (SELECT coalesce(json_agg(json_build_object('artista', u.name, 'receita', r.receita, 'comissao', q.comissao) ORDER BY u.name), '[]')
                FROM (SELECT k.artista_id, sum(k.valor) AS comissao FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id
                        WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY k.artista_id) q
                    JOIN users u ON u.id = q.artista_id
                    LEFT JOIN (SELECT artista_id, sum(valor) AS receita FROM pagamentos
                        WHERE data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY artista_id) r ON r.artista_id = q.artista_id),
            'por_forma_pagamento', (SELECT coalesce(json_agg(json_build_object('forma', forma_pagamento, 'total', total)), '[]')
                FROM (SELECT forma_pagamento, sum(valor) AS total FROM pagamentos
                    WHERE data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY forma_pagamento) f),
            'gastos_por_forma_pagamento', (SELECT coalesce(json_agg(json_build_object('forma', forma_pagamento, 'total', total)), '[]')
                FROM (SELECT forma_pagamento, sum(valor) AS total FROM gastos
                    WHERE data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY forma_pagamento) f),
            'gastos_por_categoria', json_build_array(json_build_object('categoria', 'Outros', 'total', despesas)))::text
        FROM (SELECT
            (SELECT coalesce(sum(valor), 0) FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31') AS receita,
            (SELECT coalesce(sum(k.valor), 0) FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id
                WHERE p.data BETWEEN '2025-10-01' AND '2025-10-31') AS comissoes,
            (SELECT coalesce(sum(valor), 0) FROM gastos WHERE data BETWEEN '2025-10-01' AND '2025-10-31') AS despesas) t));
-- One statement, because payments and sessions refer to each other and foreign
-- keys are checked at its end.
WITH commissions AS (
    DELETE FROM comissoes WHERE pagamento_id IN (SELECT id FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31')
), sessions AS (
    DELETE FROM sessoes WHERE id IN (SELECT id FROM month_sessions)
), payments AS (
    DELETE FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31'
)
DELETE FROM gastos WHERE data BETWEEN '2025-10-01' AND '2025-10-31';
COMMIT;
