-- October 2025 exported and closed by hand with SQLite's own shell, as somebody
-- would who knows it well: what `make bench` holds extrato against.
.bail on
PRAGMA foreign_keys = ON;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 15000;

-- The + keeps SQLite from its index on data: nearly all rows are this month's.

-- The sessions that the month's payments are linked to, in either direction,
-- unless a payment of another month needs them.
CREATE TEMP TABLE month_sessions (id INTEGER PRIMARY KEY);
INSERT INTO month_sessions
SELECT sessao_id FROM pagamentos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31' AND sessao_id IS NOT NULL
UNION
SELECT s.id FROM pagamentos p JOIN sessoes s ON s.payment_id = p.id WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31';
DELETE FROM month_sessions WHERE id IN (
    SELECT sessao_id FROM pagamentos WHERE data NOT BETWEEN '2025-10-01' AND '2025-10-31'
    UNION ALL
    SELECT s.id FROM pagamentos p JOIN sessoes s ON s.payment_id = p.id WHERE p.data NOT BETWEEN '2025-10-01' AND '2025-10-31');

.headers on
.mode csv
.once pagamentos.csv
SELECT p.*, c.name AS cliente_name, a.name AS artista_name
FROM pagamentos p LEFT JOIN clients c ON c.id = p.cliente_id JOIN users a ON a.id = p.artista_id
WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY p.id;
.once sessoes.csv
SELECT s.*, c.name AS cliente_name, a.name AS artista_name
FROM month_sessions m JOIN sessoes s ON s.id = m.id JOIN clients c ON c.id = s.cliente_id JOIN users a ON a.id = s.artista_id
ORDER BY s.id;
.once comissoes.csv
SELECT k.*, a.name AS artista_name
FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id JOIN users a ON a.id = k.artista_id
WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY k.id;
.once gastos.csv
SELECT g.*, a.name AS creator_name
FROM gastos g JOIN users a ON a.id = g.created_by
WHERE g.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY g.id;

BEGIN IMMEDIATE;
PRAGMA defer_foreign_keys = ON;
-- The || '' makes text of JSON, so that json_quote makes it a string in JSON, as v4 stores it.
INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais)
SELECT 10, 2025,
    json_quote((SELECT json_group_array(json_object('id', id, 'data', data, 'cliente_name', cliente, 'artista_name', artista,
            'valor', valor, 'forma_pagamento', forma_pagamento, 'observacoes', observacoes, 'sessao_id', sessao_id, 'sessao_data', sessao_data))
        FROM (SELECT p.*, c.name AS cliente, a.name AS artista, s.data AS sessao_data
            FROM pagamentos p LEFT JOIN clients c ON c.id = p.cliente_id JOIN users a ON a.id = p.artista_id
                LEFT JOIN sessoes s ON s.id = p.sessao_id
            WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY p.id)) || ''),
    json_quote((SELECT json_group_array(json_object('id', id, 'data', data, 'cliente_name', cliente, 'artista_name', artista,
            'valor', valor, 'status', status, 'observacoes', observacoes))
        FROM (SELECT s.*, c.name AS cliente, a.name AS artista
            FROM month_sessions m JOIN sessoes s ON s.id = m.id JOIN clients c ON c.id = s.cliente_id JOIN users a ON a.id = s.artista_id
            ORDER BY s.id)) || ''),
    json_quote((SELECT json_group_array(json_object('artista_name', artista, 'cliente_name', cliente, 'pagamento_valor', pagamento_valor,
            'pagamento_data', pagamento_data, 'percentual', percentual, 'valor', valor, 'observacoes', observacoes))
        FROM (SELECT k.*, a.name AS artista, c.name AS cliente, p.valor AS pagamento_valor, p.data AS pagamento_data
            FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id JOIN users a ON a.id = k.artista_id LEFT JOIN clients c ON c.id = p.cliente_id
            WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY k.id)) || ''),
    json_quote((SELECT json_group_array(json_object('data', data, 'valor', valor, 'descricao', descricao,
            'forma_pagamento', forma_pagamento, 'categoria', NULL, 'created_by', creator))
        FROM (SELECT g.*, a.name AS creator FROM gastos g JOIN users a ON a.id = g.created_by
            WHERE g.data BETWEEN '2025-10-01' AND '2025-10-31' ORDER BY g.id)) || ''),
    json_quote((
        SELECT json_object('receita_total', round(receita, 2), 'total_pagamentos', round(receita, 2), 'comissoes_total', round(comissoes, 2),
            'despesas_total', round(despesas, 2), 'saldo', round(receita - despesas, 2), 'receita_liquida', round(receita - comissoes - despesas, 2),
            'por_artista', (SELECT json_group_array(json_object('artista', u.name, 'receita', round(r.receita, 2), 'comissao', round(q.comissao, 2)))
                FROM (SELECT k.artista_id, sum(k.valor) AS comissao FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id
                        WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY k.artista_id) q
                    JOIN users u ON u.id = q.artista_id
                    LEFT JOIN (SELECT artista_id, sum(valor) AS receita FROM pagamentos
                        WHERE +data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY artista_id) r ON r.artista_id = q.artista_id),
            'por_forma_pagamento', (SELECT json_group_array(json_object('forma', forma_pagamento, 'total', round(total, 2)))
                FROM (SELECT forma_pagamento, sum(valor) AS total FROM pagamentos
                    WHERE +data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY forma_pagamento)),
            'gastos_por_forma_pagamento', (SELECT json_group_array(json_object('forma', forma_pagamento, 'total', round(total, 2)))
                FROM (SELECT forma_pagamento, sum(valor) AS total FROM gastos
                    WHERE +data BETWEEN '2025-10-01' AND '2025-10-31' GROUP BY forma_pagamento)),
            'gastos_por_categoria', json_array(json_object('categoria', 'Outros', 'total', round(despesas, 2))))
        FROM (SELECT
            (SELECT coalesce(sum(valor), 0) FROM pagamentos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31') AS receita,
            (SELECT coalesce(sum(k.valor), 0) FROM comissoes k JOIN pagamentos p ON p.id = k.pagamento_id
                WHERE +p.data BETWEEN '2025-10-01' AND '2025-10-31') AS comissoes,
            (SELECT coalesce(sum(valor), 0) FROM gastos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31') AS despesas)) || '');
DELETE FROM comissoes WHERE pagamento_id IN (SELECT id FROM pagamentos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31');
DELETE FROM sessoes WHERE id IN (SELECT id FROM month_sessions);
DELETE FROM pagamentos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31';
DELETE FROM gastos WHERE +data BETWEEN '2025-10-01' AND '2025-10-31';
COMMIT;
