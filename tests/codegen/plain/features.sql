-- Every COLUMN function, names in quotes, queries without rows.
CREATE OR REPLACE TABLE "Odd Rows" AS
SELECT i AS id, CASE WHEN i % 7 > 0 THEN (i * 37 % 101) / 10.0 END AS rooms, i % 3 = 0 AS garden, i % 5 AS floor,
  CASE i % 5 WHEN 0 THEN 'north' WHEN 1 THEN 'it''s "south"' WHEN 2 THEN 'east' END AS town,
  ['big dark house', 'A house, not big', 'a small SMALL flat', NULL][1 + i % 4] AS words,
  concat_ws(',', i % 6, 2 * (i % 5), 11) AS ids, concat(i % 6, ':0.5,', 1 + i % 3, ':2') AS weighted,
  [i % 4, i % 9]::DOUBLE[] AS pair, concat_ws(' ', i % 4, i % 11 / 2) AS spaced,
  DATE '2024-02-27' + i::INT AS "on day",
  (2 * coalesce(rooms, 3) + 3 * (i % 5) + garden::INT)::FLOAT AS "the price", i % 13 > 5 AS is_sold
FROM range(240) t(i);
SELECT * EXCLUDE (id, is_sold) FROM "Odd Rows" TO TRAIN xgboost.gbtree WITH train.num_boost_round = 6, max_depth = 4
COLUMN rooms, VOCABULARY(town), VOCABULARY(floor, [0, 3]), CATEGORY_ID(floor, 5), CATEGORY_HASH(town, 7), CROSS([town, CATEGORY_ID(floor, 5)], 20),
  IMPUTE(town, 'none'), IMPUTE(town, mode), TFIDF(words, 6), DENSE(pair), DENSE(spaced, 2, SPACE), SPARSE(ids, 12), INDICATOR(CATEGORY_ID(ids, 12)),
  BUCKET(rooms, 4), INDICATOR(VOCABULARY(town)), WEIGHTED_CATEGORY(CATEGORY_ID(SPARSE(weighted, 8), 8)), CATEGORY_HASH(words, 9, SPACE), DATE_PARTS("on day", [year, weekday])
LABEL "the price" INTO "worth it";
SELECT * FROM "Odd Rows" TO PREDICT "their worth"."so much" USING "worth it";
SELECT * EXCLUDE (id, "the price") FROM "Odd Rows" TO TRAIN lightgbm.goss WITH train.num_boost_round = 6
COLUMN VOCABULARY(town), floor, CATEGORY_HASH(town, 7), CROSS([town, floor], 20), TFIDF(words), SPARSE(ids, 100), rooms, CATEGORY_ID(ids, 12, COMMA)
LABEL is_sold INTO sold;
SELECT * FROM "Odd Rows" TO PREDICT sales.is_sold WITH predict.probability = TRUE USING sold;
SELECT * FROM "Odd Rows" LIMIT 0 TO PREDICT no_sales.is_sold USING sold;
SELECT * FROM "Odd Rows" TO EVALUATE sold INTO sold_good;
SELECT * FROM "Odd Rows" TO TRAIN xgboost.dart WITH train.num_boost_round = 5, objective = count:poisson COLUMN SPARSE(ids, 100), VOCABULARY(town), IMPUTE(rooms, 1) LABEL floor INTO floors;
SELECT * FROM "Odd Rows" TO PREDICT which_floor.floor USING floors;
SELECT * FROM "Odd Rows" TO EVALUATE floors INTO floors_good;
SELECT * FROM "Odd Rows" TO TRAIN xgboost.gblinear WITH train.num_boost_round = 5 COLUMN IMPUTE(rooms, 1), town LABEL floor INTO floors_linear;
SELECT * FROM "Odd Rows" TO PREDICT which_linear.floor USING floors_linear;
SELECT * FROM "Odd Rows" TO TRAIN XGBRFClassifier WITH num_parallel_tree = 5 COLUMN rooms, town LABEL floor INTO floors_forest;
SELECT * FROM "Odd Rows" TO PREDICT which_forest.floor WITH predict.probability = TRUE USING floors_forest;
SELECT * FROM "Odd Rows" TO TRAIN lightgbm.LGBMRegressor WITH n_estimators = 5, train.weight = id COLUMN rooms, town LABEL "the price" INTO weighed;
SELECT * FROM "Odd Rows" TO PREDICT weighed_worth.worth USING weighed;
SELECT * FROM "Odd Rows" TO TRAIN lightgbm.LGBMRanker WITH n_estimators = 5, train.group = town COLUMN rooms, id LABEL floor INTO ranked;
SELECT * FROM "Odd Rows" TO PREDICT ranked_rows.rank USING ranked;
SELECT * FROM "Odd Rows" TO EVALUATE ranked WITH validation.metrics = 'ndcg, ndcg_3, map, mrr' INTO ranked_good;
SELECT * FROM "Odd Rows" TO TRAIN HistGradientBoostingClassifier WITH model.max_iter = 4 COLUMN rooms, town, VOCABULARY(floor) LABEL is_sold INTO histo;
SELECT * FROM "Odd Rows" TO PREDICT histo_sold.is_sold WITH predict.probability = TRUE USING histo;
SELECT * FROM "Odd Rows" TO TRAIN SGDClassifier COLUMN TFIDF(words), INDICATOR(CATEGORY_HASH(town, 80)), STANDARDIZE(IMPUTE(rooms, mean)) LABEL floor INTO sgd;
SELECT * FROM "Odd Rows" TO PREDICT sgd_floor.floor USING sgd;
SELECT * FROM "Odd Rows" TO EVALUATE sgd INTO sgd_good;
SELECT * FROM "Odd Rows" TO TRAIN KMeans WITH model.n_clusters = 3 COLUMN STANDARDIZE(floor), STANDARDIZE(IMPUTE(rooms, 0)) INTO groups_of_rows;
SELECT * FROM "Odd Rows" TO EVALUATE groups_of_rows INTO apart_good;
SELECT * FROM "Odd Rows" TO EVALUATE groups_of_rows WITH validation.metrics = 'silhouette, davies_bouldin, ari, nmi, v_measure' LABEL floor INTO agreed_good;
SELECT * FROM "Odd Rows" TO TRAIN IsolationForest WITH model.n_estimators = 5 COLUMN floor, IMPUTE(rooms, 0) INTO odd_ones;
SELECT * FROM "Odd Rows" TO EVALUATE odd_ones LABEL is_sold INTO odd_good;
SELECT * FROM "Odd Rows" TO PREDICT odd_rows.flag WITH predict.extra_outputs = score USING odd_ones;
SELECT * FROM "Odd Rows" TO TRAIN PCA WITH model.n_components = 2 COLUMN floor, IMPUTE(rooms, 0), id INTO pca;
SELECT * FROM "Odd Rows" TO PREDICT pca_rows.p USING pca;
CREATE TABLE called AS SELECT id, PREDICT('weighed', "Odd Rows") AS worth, PREDICT('sold', "Odd Rows") AS s FROM "Odd Rows";
SELECT * FROM "Odd Rows" LIMIT 0 TO PREDICT no_odd.flag WITH predict.extra_outputs = score USING odd_ones;
SELECT * FROM "Odd Rows" LIMIT 0 TO PREDICT no_histo.is_sold WITH predict.probability = TRUE USING histo;
