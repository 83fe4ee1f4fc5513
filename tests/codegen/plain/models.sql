-- Boosters and others, rows held back, probabilities.
CREATE OR REPLACE TABLE flowers AS
SELECT * REPLACE (CASE WHEN rowid % 7 > 0 THEN petal_width END AS petal_width)
FROM (SELECT row_number() OVER () AS rowid, * FROM read_csv('examples/data/iris.csv'));
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5, model.max_depth = 3
LABEL species INTO kinds;
SELECT * FROM flowers TO PREDICT guesses.species USING kinds;
SELECT * FROM flowers TO EVALUATE kinds WITH validation.metrics = 'accuracy' INTO how_good;
CREATE OR REPLACE TABLE homes AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, i % 3 = 0 AS garden,
  CASE i % 5 WHEN 0 THEN 'north' WHEN 1 THEN 'it''s "south"' WHEN 2 THEN 'east' END AS town,
  (2 * rooms + 3 * (i % 5) + garden::INT)::FLOAT AS price
FROM range(200) t(i);
SELECT rooms, garden, town, price FROM homes
TO TRAIN xgboost.gbtree COLUMN rooms, garden, INDICATOR(town), town LABEL price INTO prices;
SELECT * FROM homes TO PREDICT worth.amount USING prices;
SELECT rooms, garden, town, price FROM homes
TO TRAIN sklearn.linear_model.Ridge WITH model.alpha = 0.5 LABEL price INTO lines;
SELECT * FROM homes TO PREDICT line_worth.amount USING lines;
SELECT * FROM homes TO EVALUATE lines WITH validation.metrics = 'r2,mean_absolute_error'
INTO line_good;
SELECT rooms, town, garden FROM homes
TO TRAIN sklearn.ensemble.RandomForestClassifier WITH model.n_estimators = 5
LABEL garden INTO gardens;
SELECT * FROM homes TO PREDICT garden_guess.maybe WITH predict.probability = TRUE USING gardens;
SELECT rooms, garden, town, price FROM homes
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 7, model.num_leaves = 5
COLUMN BUCKET(rooms, [2, 5.5]), INDICATOR(BUCKET(rooms, 4)), garden, town
LABEL price INTO light;
SELECT * FROM homes TO PREDICT light_worth.amount USING light;
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 5 LABEL species INTO light_kinds;
SELECT * FROM flowers TO PREDICT light_guesses.species USING light_kinds;
SELECT * FROM flowers TO EVALUATE light_kinds WITH validation.metrics = 'accuracy'
INTO light_good;
SELECT rooms, town, price FROM homes
TO TRAIN xgboost.gbtree COLUMN BUCKET(rooms, 3), INDICATOR(BUCKET(rooms, [4])), town
LABEL price INTO ranges;
SELECT * FROM homes TO PREDICT range_worth.amount USING ranges;
SELECT rooms, garden, town, price FROM homes
TO TRAIN xgboost.gbtree
WITH train.num_boost_round = 40, eta = 0.9, train.early_stopping_rounds = 3,
  validation.split = 0.25, validation.metrics = 'r2'
COLUMN rooms, INDICATOR(CROSS([garden, town], 9)),
  INDICATOR(CROSS([BUCKET(rooms, [4, 8]), town], 9))
LABEL price INTO stopped;
SELECT * FROM homes TO PREDICT stopped_worth.amount USING stopped;
SELECT * EXCLUDE rowid FROM flowers WHERE rowid % 3 > 0
TO TRAIN lightgbm.gbdt
WITH train.num_boost_round = 60, learning_rate = 0.5, train.early_stopping_rounds = 2,
  validation.select = 'SELECT * EXCLUDE rowid FROM flowers WHERE rowid % 3 = 0'
LABEL species INTO light_stopped;
SELECT * FROM flowers TO PREDICT light_stopped_guesses.species USING light_stopped;
SELECT * EXCLUDE rowid FROM flowers
TO TRAIN xgboost.gbtree WITH train.num_boost_round = 4, validation.split = 0.3, train.seed = 3
LABEL species INTO split_kinds;
SELECT * FROM flowers
TO PREDICT split_guesses.species WITH predict.probability = TRUE USING split_kinds;
SELECT rooms, garden, price FROM homes
TO TRAIN sklearn.linear_model.Ridge WITH validation.split = 0.2, validation.metrics = 'r2'
LABEL price INTO split_lines;
SELECT * FROM homes TO PREDICT split_worth.amount USING split_lines;
SELECT count(*) AS n FROM worth;
