-- Card fraud (synthetic data): one payment in a hundred and twenty-five is fraud, so classes are weighed.
CREATE OR REPLACE TABLE payments AS SELECT * FROM 'examples/data/payments.parquet';

SELECT * FROM payments
TO TRAIN xgboost.gbtree
WITH scale_pos_weight = 20, max_depth = 5, eta = 0.1,
     train.num_boost_round = 60,
     validation.split = 0.25, validation.metrics = 'roc_auc, average_precision, recall'
LABEL fraud
INTO fraud_model;

SELECT * FROM payments
TO TRAIN lightgbm.gbdt
WITH is_unbalance = TRUE, num_leaves = 31, train.num_boost_round = 60,
     validation.split = 0.25, validation.metrics = 'roc_auc, average_precision, recall'
LABEL fraud
INTO fraud_leaves;

SELECT * FROM payments WHERE amount > 100
TO PREDICT suspicious.fraud WITH predict.probability = TRUE USING fraud_model;

SELECT amount, usual_amount, hour, shop, round(fraud_proba_true, 3) AS probability
FROM suspicious ORDER BY fraud_proba_true DESC, amount DESC LIMIT 5;
