-- Which customers leave (synthetic data): text, dates and missing values need no preparation.
CREATE OR REPLACE TABLE customers AS SELECT * FROM 'examples/data/customers.csv';

SELECT * EXCLUDE (id) FROM customers WHERE id % 5 > 0
TO TRAIN xgboost.gbtree
WITH objective = binary:logistic, max_depth = 4, eta = 0.1,
     train.num_boost_round = 200, train.early_stopping_rounds = 15,
     validation.select = "SELECT * EXCLUDE (id) FROM customers WHERE id % 5 = 0",
     validation.metrics = 'roc_auc, accuracy'
LABEL churned
INTO churn_model;

SELECT * FROM customers WHERE id % 5 = 0
TO PREDICT churn_answers WITH predict.probability = TRUE USING churn_model;

SELECT plan, count(*) AS customers, round(avg(churned_proba_left), 3) AS expected
FROM churn_answers GROUP BY plan ORDER BY expected DESC;

-- Why: one row per customer, one column per feature; id says who it is.
SELECT * FROM customers WHERE id % 5 = 0
TO EXPLAIN churn_model WITH explain.keys = 'id' INTO churn_reasons;
