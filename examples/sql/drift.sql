-- Are these the customers that the model knows? (synthetic data)
CREATE OR REPLACE TABLE customers AS SELECT * FROM 'examples/data/customers.csv';

SELECT * EXCLUDE (id) FROM customers WHERE id % 2 = 0
TO TRAIN xgboost.gbtree
WITH objective = binary:logistic, max_depth = 4, train.num_boost_round = 30,
     validation.split = 0.2
LABEL churned
INTO leaving;

-- The other half of the same customers: nothing has changed. check.fail would stop the program if it had.
SELECT * FROM customers WHERE id % 2 = 1
TO CHECK leaving WITH check.fail = TRUE INTO same_customers;

-- Other customers: a plan that is new, and bills twice as high.
CREATE OR REPLACE TABLE newcomers AS
SELECT * REPLACE (CASE WHEN id % 3 = 0 THEN 'student' ELSE plan END AS plan, bill * 2 AS bill)
FROM customers WHERE id % 2 = 1;

SELECT * FROM newcomers TO CHECK leaving INTO changes;

SELECT feature, verdict, reason, round(psi, 2) AS psi FROM changes WHERE verdict <> 'ok' ORDER BY feature;
