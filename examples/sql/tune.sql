-- Look for good parameters: twelve trials, chosen by what the trials before them have found, each scored on
-- 4 folds of the rows. The model gets all rows and the best values.
CREATE OR REPLACE TABLE cancer AS SELECT * FROM 'examples/data/breast_cancer.csv';

SELECT * FROM cancer
TO TRAIN xgboost.gbtree
WITH tune.trials = 12, tune.metric = roc_auc, tune.timeout = 600, tune.pruner = median,
     model.max_depth = RANGE(2, 8), model.eta = LOG_RANGE(0.02, 0.5), model.subsample = RANGE(0.5, 1.0, 0.1),
     train.num_boost_round = GRID(10, 20, 40), validation.folds = 4
LABEL diagnosis
INTO cancer_tuned;

SELECT number, state, round(score, 4) AS roc_auc, parameters FROM sqlml_trials
WHERE model = 'cancer_tuned' ORDER BY score DESC NULLS LAST LIMIT 3;

-- Only GRID: every combination is tried.
SELECT * FROM cancer
TO TRAIN LogisticRegression
WITH model.C = GRID(0.01, 0.1, 1, 10), model.max_iter = 5000, validation.split = 0.25
COLUMN STANDARDIZE(mean_radius), STANDARDIZE(mean_texture), STANDARDIZE(worst_area), STANDARDIZE(worst_texture)
LABEL diagnosis
INTO cancer_small;

-- Many trials of few rounds, ever fewer of more: nine of 3, three of 9, one of 27.
SELECT * FROM cancer
TO TRAIN xgboost.gbtree
WITH tune.trials = 9, tune.strategy = halving, tune.metric = roc_auc, train.num_boost_round = 27,
     model.max_depth = RANGE(2, 8), model.eta = LOG_RANGE(0.02, 0.5), validation.split = 0.25
LABEL diagnosis
INTO cancer_halved;

-- Let sqlml choose among boosters, forests, a linear model and neighbours.
SELECT mean_radius, mean_texture, mean_smoothness, worst_area, worst_texture, worst_symmetry, diagnosis FROM cancer
TO TRAIN auto.classifier
WITH train.budget = 20, tune.trials = 6, tune.metric = roc_auc, validation.split = 0.25
LABEL diagnosis
INTO cancer_auto;

SHOW MODELS;
