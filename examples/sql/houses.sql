-- What a house sells for (synthetic data): regression with LightGBM and with a linear model.
CREATE OR REPLACE TABLE houses AS SELECT * FROM 'examples/data/houses.csv';

SELECT * FROM houses WHERE built < 2015
TO TRAIN lightgbm.gbdt
WITH num_leaves = 15, learning_rate = 0.1, train.num_boost_round = 200,
     train.early_stopping_rounds = 20, validation.split = 0.2
LABEL price
INTO price_boosted;

SELECT * FROM houses WHERE built < 2015
TO TRAIN Ridge
WITH model.alpha = 1.0, validation.split = 0.2
COLUMN LOG(area), STANDARDIZE(rooms), BUCKET(built, 8), STANDARDIZE(distance), garden,
       INDICATOR(district)
LABEL price
INTO price_linear;

SELECT * FROM houses WHERE built >= 2015
TO EVALUATE price_boosted WITH validation.metrics = 'r2, mean_absolute_error' INTO score_boosted;

SELECT * FROM houses WHERE built >= 2015
TO EVALUATE price_linear WITH validation.metrics = 'r2, mean_absolute_error' INTO score_linear;

SELECT 'boosted' AS model, * FROM score_boosted
UNION ALL
SELECT 'linear', * FROM score_linear;

SELECT * FROM houses WHERE built >= 2015
TO PREDICT estimates.estimate USING price_boosted;
