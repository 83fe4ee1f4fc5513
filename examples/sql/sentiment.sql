-- Is a review good (synthetic data, words as numbers)? Each has a word of praise or blame and a "not" that may
-- stand before it: which words there are does not tell, their order does, and a recurrent network reads it.
CREATE OR REPLACE TABLE reviews AS
SELECT *, id % 5 = 0 AS is_test FROM 'examples/data/reviews.parquet';

SELECT words, good FROM reviews WHERE NOT is_test
TO TRAIN LinearClassifier
WITH model.optimizer = Adam, optimizer.learning_rate = 0.05, train.epoch = 4
COLUMN INDICATOR(SEQ_CATEGORY_ID(words, 60, COMMA))
LABEL good
INTO words_counted;

SELECT words, good FROM reviews WHERE NOT is_test
TO TRAIN sqlflow_models.StackedRNNClassifier
WITH model.n_classes = 2, model.stack_units = [16], model.model_type = "gru", model.bidirectional = True,
     optimizer.learning_rate = 0.01, train.epoch = 8
COLUMN EMBEDDING(SEQ_CATEGORY_ID(words, 60, COMMA), 8, mean)
LABEL good
INTO words_read;

SELECT * FROM reviews WHERE is_test TO EVALUATE words_counted WITH validation.metrics = 'accuracy';

SELECT * FROM reviews WHERE is_test TO EVALUATE words_read WITH validation.metrics = 'accuracy';
