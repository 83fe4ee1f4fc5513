-- Tables of another database beside your own (synthetic data): here those of a SQLite file. That a
-- server has them changes one line: ATTACH 'postgresql://user@host/database' AS desk (TYPE adbc).
-- A table is read when it is named first, and again when it has changed.
ATTACH 'sqlite:///examples/data/desk.sqlite' AS desk (TYPE adbc);

CREATE OR REPLACE TABLE callers AS
SELECT customers.*, tickets, minutes
FROM 'examples/data/customers.csv' AS customers
LEFT JOIN (
  SELECT customer, count(*) AS tickets, sum(minutes) AS minutes FROM desk.tickets GROUP BY customer
) ON customer = id;

SELECT plan, payment, since, bill, calls, churned FROM callers WHERE id % 5 > 0
TO TRAIN xgboost.gbtree WITH max_depth = 4, eta = 0.1, train.num_boost_round = 60
LABEL churned INTO without_tickets;

SELECT * EXCLUDE (id) FROM callers WHERE id % 5 > 0
TO TRAIN xgboost.gbtree WITH max_depth = 4, eta = 0.1, train.num_boost_round = 60
LABEL churned INTO with_tickets;

SELECT * FROM callers WHERE id % 5 = 0
TO EVALUATE without_tickets WITH validation.metrics = 'roc_auc' LABEL churned;

SELECT * FROM callers WHERE id % 5 = 0
TO EVALUATE with_tickets WITH validation.metrics = 'roc_auc' LABEL churned;
