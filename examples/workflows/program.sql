-- A whole program, whose statements are the steps of one workflow: which iris is it?
CREATE OR REPLACE TABLE flowers AS SELECT * FROM 'examples/data/iris.csv';

SELECT * FROM flowers
TO TRAIN xgboost.gbtree
WITH max_depth = 3, train.num_boost_round = 20
LABEL species
INTO kinds;

SELECT * FROM flowers TO EVALUATE kinds WITH validation.metrics = 'accuracy' INTO how_good;

SELECT * FROM flowers TO PREDICT answers.guess USING kinds;

SELECT guess, count(*) AS flowers FROM answers GROUP BY guess ORDER BY guess;
