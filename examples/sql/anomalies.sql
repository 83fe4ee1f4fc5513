-- Cells that look unlike the others: an isolation forest on the breast cancer measurements.
CREATE OR REPLACE TABLE cells AS SELECT * FROM 'examples/data/breast_cancer.csv';

SELECT * EXCLUDE (diagnosis) FROM cells
TO TRAIN IsolationForest
WITH model.contamination = 0.1, model.n_estimators = 100, train.seed = 1
INTO odd_cells;

SELECT * FROM cells TO PREDICT cell_answers.flag USING odd_cells;

SELECT diagnosis, flag, count(*) AS cells FROM cell_answers GROUP BY ALL ORDER BY ALL;
