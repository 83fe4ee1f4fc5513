-- Small networks: one of both parts, and one that reads sequences with a number beside them.
CREATE OR REPLACE TABLE shown AS
SELECT i AS id, ['a', 'b', 'c'][1 + i % 3] AS kind, (i * 7) % 11 / 10 AS size,
    concat_ws(',', i % 5, (i * 3) % 7, CASE WHEN i % 4 > 0 THEN i % 6 END) AS path,
    (i * 7) % 11 + 3 * (i % 3) > 8 AS bought
FROM range(90) AS t(i);

SELECT kind, size, path, bought FROM shown
TO TRAIN DNNLinearCombinedClassifier
WITH model.dnn_hidden_units = [5], model.dnn_dropout = 0.2, model.dnn_batch_norm = TRUE,
     model.linear_sparse_combiner = mean, loss.label_smoothing = 0.1, train.epoch = 2, train.batch_size = 40
COLUMN kind, CROSS([kind, path], 30) FOR linear_feature_columns
COLUMN EMBEDDING(kind, 2), EMBEDDING(CATEGORY_ID(SPARSE(path, 7), 7), 3, sqrtn), STANDARDIZE(size) FOR dnn_feature_columns
LABEL bought INTO both;

SELECT * FROM shown TO PREDICT both_say.bought WITH predict.probability = TRUE USING both;

SELECT kind, size, path FROM shown
TO TRAIN StackedRNNClassifier
WITH model.stack_units = [4], model.model_type = gru, model.bidirectional = TRUE, model.loss = focal,
     model.hidden_size = 6, optimizer.learning_rate = 0.05, train.epoch = 5, train.early_stopping_rounds = 2,
     train.seed = 7, validation.split = 0.3
COLUMN EMBEDDING(SEQ_CATEGORY_ID(path, 7), 3, sum, glorot_normal), size
LABEL kind INTO reading;

SELECT * FROM shown TO PREDICT reading_says.kind WITH predict.probability = TRUE USING reading;
