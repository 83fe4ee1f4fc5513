-- Columns and labels of many types; names in another case than the training's.
CREATE TABLE o AS SELECT i AS "ID", (i % 5)::HUGEINT AS h, (i * 1.25)::DECIMAL(10, 2) AS d, i % 2 = 0 AS b, i::UTINYINT AS u,
 CASE WHEN i % 6 > 0 THEN i::FLOAT END AS f, (DATE '2024-01-01' + i::INT) AS dt, TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i) HOUR AS tz, TIME '01:02:03' AS tm,
 ['x', 'y', 'zé', NULL][1 + i % 4] AS t, ['low', 'mid', 'high'][1 + i % 3] AS e, ('00000000-0000-0000-0000-00000000000' || (i % 3))::UUID AS uu FROM range(90) t(i);
SELECT * EXCLUDE (b) FROM o TO TRAIN xgboost.gbtree WITH train.num_boost_round = 3 LABEL e INTO m1;
SELECT id, H AS h, D AS d, u AS U, f, dt, tz, tm, T, e, uu FROM o TO PREDICT p1.e USING m1;
SELECT d, u, t, h FROM o TO TRAIN LogisticRegression COLUMN STANDARDIZE(d), INDICATOR(t) LABEL h INTO m2;
SELECT D, U, T FROM o TO PREDICT p2.H WITH predict.probability = TRUE USING m2;
SELECT d, t FROM o TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 3 LABEL d INTO m3;
SELECT d AS "D", t FROM o TO PREDICT p3.guess USING m3;
SELECT d, t, u FROM o TO TRAIN xgboost.XGBRegressor WITH n_estimators = 3 LABEL u INTO m4;
SELECT d, t, u FROM o TO PREDICT p4 USING m4;
SELECT d, t, u FROM o TO EVALUATE m4 INTO e4;
SELECT f, b, d FROM o TO TRAIN HistGradientBoostingRegressor LABEL d INTO m5;
SELECT * FROM o TO PREDICT p5.d USING m5;
SELECT f, b FROM o WHERE f IS NOT NULL TO TRAIN RandomForestClassifier WITH model.n_estimators = 3 LABEL b INTO m6;
SELECT * FROM o WHERE f IS NOT NULL TO PREDICT p6.b WITH predict.probability = TRUE USING m6;
SELECT * FROM o WHERE f IS NOT NULL TO EVALUATE m6 INTO e6;
SELECT f, (ID % 3)::DOUBLE AS cls FROM o WHERE f IS NOT NULL TO TRAIN DecisionTreeClassifier LABEL cls INTO m7;
SELECT * FROM o WHERE f IS NOT NULL TO PREDICT p7.c WITH predict.probability = TRUE USING m7;
CREATE TABLE fn AS SELECT PREDICT('m6', f) AS a, PREDICT('m7', f) AS c, PREDICT('m1', o) AS e1 FROM o WHERE f IS NOT NULL;
