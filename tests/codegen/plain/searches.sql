-- Searches of each kind, and what is done with the models that they find.
CREATE TABLE plants AS SELECT sepal_width, petal_length, petal_width, species FROM 'examples/data/iris.csv';

SELECT * FROM plants
TO TRAIN xgboost.gbtree
WITH tune.trials = 4, tune.metric = log_loss, tune.pruner = median, tune.parallel = 2, validation.folds = 2,
     model.max_depth = RANGE(2, 5), model.eta = LOG_RANGE(0.1, 0.5), train.num_boost_round = CHOICE(2, 5)
LABEL species INTO searched;
SELECT * FROM plants TO PREDICT searched_plants.kind WITH predict.probability = TRUE USING searched;
SELECT * FROM plants TO EXPLAIN searched INTO searched_reasons;

SELECT * FROM plants
TO TRAIN DecisionTreeRegressor
WITH model.max_depth = GRID(1, 3), validation.split = 0.25, validation.metrics = 'max_error'
COLUMN STANDARDIZE(sepal_width), petal_length
LABEL petal_width INTO every_one;
SELECT * FROM plants TO PREDICT every_plant.width USING every_one;

SELECT * FROM plants
TO TRAIN lightgbm.gbdt
WITH tune.trials = 2, tune.strategy = halving, tune.reduction = 2, train.num_boost_round = 8,
     model.num_leaves = RANGE(2, 8), validation.split = 0.25
LABEL species INTO halved_most;
SELECT * FROM plants TO PREDICT halved_plants.kind USING halved_most;

SELECT * FROM plants
TO TRAIN auto.classifier
WITH tune.trials = 2, train.budget = 600, validation.split = 0.25
LABEL species INTO chosen_one;
SELECT * FROM plants TO PREDICT chosen_plants.kind WITH predict.probability = TRUE USING chosen_one;
SELECT * FROM plants TO EVALUATE chosen_one INTO chosen_measures;

CREATE TABLE tried AS
SELECT model, number, estimator, state, metric, score, parameters FROM sqlml_trials WHERE number > 0;
