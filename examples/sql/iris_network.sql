-- The tutorial of SQLFlow, as it was written, and then with more than one pass over the rows.
CREATE SCHEMA IF NOT EXISTS iris;

CREATE OR REPLACE TABLE iris.train AS
SELECT * EXCLUDE (species), CASE species WHEN 'setosa' THEN 0 WHEN 'versicolor' THEN 1 ELSE 2 END AS class
FROM 'examples/data/iris.csv';

SELECT * FROM iris.train
TO TRAIN DNNClassifier
WITH model.n_classes = 3, model.hidden_units = [10, 20]
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL class
INTO sqlflow_models.my_dnn_model;

SELECT * FROM iris.train
TO TRAIN DNNClassifier
WITH model.hidden_units = [10, 20], model.optimizer = Adam, optimizer.learning_rate = 0.02,
     train.epoch = 50, train.early_stopping_rounds = 10, validation.split = 0.2
COLUMN STANDARDIZE(sepal_length), STANDARDIZE(sepal_width), petal_length, petal_width
LABEL class
INTO iris_network;

SELECT * FROM iris.train
TO EVALUATE iris_network WITH validation.metrics = 'accuracy, f1, log_loss';

SELECT * FROM iris.train
TO PREDICT iris.answers.class WITH predict.probability = TRUE
USING iris_network;

SELECT class, count(*) AS flowers FROM iris.answers GROUP BY class ORDER BY class;
