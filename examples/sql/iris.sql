-- Three kinds of iris by their measurements: a multi-class model, its score and its predictions.
CREATE SCHEMA IF NOT EXISTS iris;

CREATE OR REPLACE TABLE iris.train AS
SELECT * EXCLUDE (n)
FROM (SELECT *, row_number() OVER () AS n FROM 'examples/data/iris.csv')
WHERE n % 4 > 0;

CREATE OR REPLACE TABLE iris.test AS
SELECT * EXCLUDE (n)
FROM (SELECT *, row_number() OVER () AS n FROM 'examples/data/iris.csv')
WHERE n % 4 = 0;

SELECT * FROM iris.train
TO TRAIN xgboost.gbtree
WITH max_depth = 3, eta = 0.3, train.num_boost_round = 20
LABEL species
INTO iris_model;

SELECT * FROM iris.test
TO EVALUATE iris_model WITH validation.metrics = 'accuracy, f1, log_loss';

SELECT * FROM iris.test
TO PREDICT iris.answers.species WITH predict.probability = TRUE
USING iris_model;

SELECT * FROM iris.train
TO EXPLAIN iris_model USING GainExplainer INTO iris.gains;

SELECT * FROM iris.gains ORDER BY gain DESC;
