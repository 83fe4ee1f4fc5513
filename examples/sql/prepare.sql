-- Prepare rows for a model without leaving SQL (synthetic data): ready-made programs behind TO RUN.
CREATE OR REPLACE TABLE customers AS SELECT * FROM 'examples/data/customers.csv';

-- Some customers were exported twice; the newer export has the higher bill.
FROM customers
UNION ALL
SELECT * REPLACE (bill + 1 AS bill) FROM customers WHERE id % 50 = 0
TO RUN deduplicate CMD '--keys', 'id', '--order', 'bill', '--keep', 'last' INTO customers_once;

-- How bills and calls are spread.
SELECT bill, calls FROM customers_once
TO RUN binning CMD '--columns', 'bill,calls', '--bins', '5', '--method', 'quantile' INTO spread;

-- Do the customers of later years differ from those of the first one?
SELECT bill, plan, year(since) AS year FROM customers_once
TO RUN psi CMD '--columns', 'bill', '--categories', 'plan', '--period', 'year' INTO drift;

-- How many customers joined in a month, next to the months before.
SELECT plan, date_trunc('month', since)::DATE AS month, count(*) AS joined
FROM customers_once GROUP BY ALL
TO RUN time_features CMD '--time', 'month', '--keys', 'plan', '--columns', 'joined',
  '--lags', '1,12', '--windows', '3', '--date_parts', 'month' INTO joined_by_month;

-- Rows to train on and rows to test on, with the same share of those who left.
SELECT * EXCLUDE (id) FROM customers_once
TO RUN split CMD '--test', '0.25', '--stratify', 'churned' INTO prepared_train, prepared_test;

SELECT * FROM prepared_train
TO TRAIN xgboost.gbtree
WITH objective = binary:logistic, max_depth = 4, eta = 0.1, train.num_boost_round = 60
LABEL churned
INTO prepared_model;

SELECT * FROM prepared_test
TO EVALUATE prepared_model WITH validation.metrics = 'roc_auc, accuracy';

SELECT feature, round(max(psi), 3) AS moved FROM drift GROUP BY feature ORDER BY feature;
