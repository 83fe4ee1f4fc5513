-- Cells that look unlike the others: an isolation forest on the breast cancer measurements.
CREATE OR REPLACE TABLE cells AS SELECT * FROM 'examples/data/breast_cancer.csv';

SELECT * EXCLUDE (diagnosis) FROM cells
TO TRAIN IsolationForest
WITH model.contamination = 0.1, model.n_estimators = 100, train.seed = 1
INTO odd_cells;

SELECT * FROM cells
TO PREDICT cell_answers.flag WITH predict.extra_outputs = score
USING odd_cells;

-- The lower the score, the odder the cell; those below 0 are flagged -1.
SELECT diagnosis, flag, count(*) AS cells, round(min(flag_score), 3) AS lowest_score
FROM cell_answers GROUP BY ALL ORDER BY ALL;

-- The same by a one-class support vector machine.
SELECT * EXCLUDE (diagnosis) FROM cells
TO TRAIN OneClassSVM
WITH model.kernel = rbf, model.nu = 0.1, model.gamma = 'scale'
COLUMN STANDARDIZE("mean_.*")
INTO unlike_cells;

SELECT * FROM cells
TO PREDICT cell_scores.flag WITH predict.extra_outputs = score
USING unlike_cells;

SELECT diagnosis, flag_score < 0 AS is_odd, count(*) AS cells
FROM cell_scores GROUP BY ALL ORDER BY ALL;
