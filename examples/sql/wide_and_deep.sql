-- Who takes an offered app (synthetic data)? Which app a user has decides for each offered app anew: no sum of
-- the two can say it, but a category for each pair can. The age has a curve, which hidden layers learn.
CREATE OR REPLACE TABLE offers AS
SELECT *, row_number() OVER () % 4 = 0 AS is_test FROM 'examples/data/offers.parquet';

SELECT * EXCLUDE (is_test) FROM offers WHERE NOT is_test
TO TRAIN LinearClassifier
WITH train.epoch = 4
COLUMN has, offered, STANDARDIZE(age), STANDARDIZE(hour)
LABEL taken
INTO offers_linear;

SELECT * EXCLUDE (is_test) FROM offers WHERE NOT is_test
TO TRAIN DNNLinearCombinedClassifier
WITH model.dnn_hidden_units = [32, 16], model.dnn_optimizer = Adam, dnn_optimizer.learning_rate = 0.005,
     model.linear_optimizer = Ftrl, linear_optimizer.learning_rate = 0.2,
     train.epoch = 6, train.batch_size = 64
COLUMN has, offered, CROSS([has, offered], 500) FOR linear_feature_columns
COLUMN EMBEDDING(has, 4), EMBEDDING(offered, 4), STANDARDIZE(age), STANDARDIZE(hour) FOR dnn_feature_columns
LABEL taken
INTO offers_both;

SELECT * FROM offers WHERE is_test TO EVALUATE offers_linear WITH validation.metrics = 'roc_auc, accuracy';

SELECT * FROM offers WHERE is_test TO EVALUATE offers_both WITH validation.metrics = 'roc_auc, accuracy';
