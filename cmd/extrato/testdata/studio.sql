-- A studio with a month that ended, 2025-10, and the first day of the next.
INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled, created_at) VALUES
    (1, 'Marina', 'marina@estudio.example', 'admin', TRUE, FALSE, '2025-01-01 12:00:00'),
    (2, 'Téo "Traço"', 'teo@estudio.example', 'artist', TRUE, FALSE, '2025-01-01 12:00:00');
INSERT INTO clients (id, name, created_at) VALUES
    (1, '=HYPERLINK("http://x.example";"Bia")', '2025-01-01 12:00:00'),
    (2, 'Zoë; D''Ávila 🌺', '2025-01-01 12:00:00');
INSERT INTO sessoes (id, data, valor, observacoes, cliente_id, artista_id, status, created_at) VALUES
    (1, '2025-10-03', 450, 'Braço', 1, 2, 'paid', '2025-09-20 12:00:00'),
    (2, '2025-11-01', 900, 'Costas', 2, 2, 'paid', '2025-10-10 12:00:00');
INSERT INTO pagamentos (id, data, valor, forma_pagamento, observacoes, cliente_id, artista_id, sessao_id, created_at) VALUES
    (1, '2025-10-03', 450, 'Pix', NULL, 1, 2, 1, '2025-10-03 18:00:00'),
    (2, '2025-10-10', 300, 'Dinheiro', 'Sinal', 2, 2, 2, '2025-10-10 18:00:00'),
    (3, '2025-10-31', 12.30, 'Outros', '', NULL, 1, NULL, '2025-10-31 23:00:00'),
    (4, '2025-11-01', 600, 'Cartão de Crédito', 'Restante', 2, 2, 2, '2025-11-01 18:00:00');
UPDATE sessoes SET payment_id = 1 WHERE id = 1;
UPDATE sessoes SET payment_id = 2 WHERE id = 2;
INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES
    (1, 1, 2, 50, 225, '2025-10-03 18:00:00'),
    (2, 2, 2, 50, 150, '2025-10-10 18:00:00');
INSERT INTO gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at) VALUES
    (1, '2025-10-05', 1234.56, 'Aluguel', 'Pix', 1, '2025-10-05 12:00:00');
