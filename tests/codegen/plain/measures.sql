-- Metrics, SHAP values, gains.
CREATE TABLE visits AS
SELECT CASE WHEN i % 9 > 0 THEN (i * 37 % 101) / 7 END AS length, 1 + i * 31 % 97 AS pages,
  TIMESTAMPTZ '2024-02-28 22:30:00+00' + INTERVAL (i * 7) HOUR AS at, i % 4 = 0 AS known,
  CASE i % 5 WHEN 0 THEN 'ask' WHEN 1 THEN 'buy' END AS page,
  CASE WHEN (i * 17 % 23) + pages / 9 > 17 THEN 'yes' WHEN i % 6 = 1 THEN 'maybe' ELSE 'no' END
    AS paid
FROM range(300) t(i);
SELECT * FROM visits TO TRAIN LogisticRegression WITH model.max_iter = 50, validation.split = 0.2
COLUMN STANDARDIZE(IMPUTE(length, mean)), MINMAX(IMPUTE(length, median)), LOG(pages),
  IMPUTE(length, mode), BUCKET(LOG(pages), 3), IMPUTE(length, -1), DATE_PARTS(at, [epoch, week]),
  INDICATOR(page), known
LABEL paid INTO buyers;
SELECT * FROM visits TO PREDICT bought.paid WITH predict.probability = TRUE USING buyers;
SELECT * FROM visits TO EVALUATE buyers WITH validation.metrics =
  'f1_weighted, f2_micro, f0_5, precision, recall_macro, jaccard, balanced_accuracy, mcc, kappa'
INTO many_measures;
SELECT * FROM visits TO EVALUATE buyers WITH validation.metrics =
  'roc_auc, roc_auc_weighted, average_precision, log_loss, zero_one_loss' INTO more_measures;
SELECT * FROM visits WHERE paid <> 'maybe' TO EVALUATE buyers INTO two_of_three;
SELECT * EXCLUDE (page) FROM visits WHERE paid <> 'maybe'
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 8, validation.split = 0.3
LABEL paid INTO decided;
SELECT * FROM visits WHERE paid <> 'maybe' TO EVALUATE decided INTO usual_measures;
SELECT * FROM visits WHERE paid = 'no' TO EVALUATE decided
WITH validation.metrics = 'gini, f1, true_positives, true_negatives, false_positives'
INTO one_class;
SELECT * FROM visits TO EXPLAIN decided WITH explain.keys = 'page' INTO decided_why;
SELECT * FROM visits TO EXPLAIN decided USING GainExplainer INTO decided_gains;
SELECT * FROM visits TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5
COLUMN length, INDICATOR(page), DATE_PARTS(at) LABEL paid INTO trees;
SELECT * FROM visits TO EXPLAIN trees INTO trees_why;
SELECT pages, length, known FROM visits TO TRAIN xgboost.XGBRegressor
WITH n_estimators = 5 LABEL pages INTO amounts;
SELECT * FROM visits TO EVALUATE amounts WITH validation.metrics =
  'r2, mae, rmse, mape, medae, max_error, explained_variance, d2_absolute_error' INTO amounts_good;
