-- A model that is trained again every night, on the customers of the day (synthetic data).
CREATE OR REPLACE TABLE customers AS SELECT * FROM 'examples/data/customers.csv';

-- `sqlml scheduler --db FILE` runs what is due; `sqlml scheduler --once` does so once, for cron.
CREATE OR REPLACE JOB retrain
SCHEDULE '0 3 * * *' TIMEZONE 'Europe/Berlin'
IF SELECT count(*) > 500 FROM customers
AS BEGIN
  SELECT * EXCLUDE (id) FROM customers
  TO TRAIN xgboost.gbtree
  WITH objective = binary:logistic, train.num_boost_round = 20, validation.split = 0.2
  LABEL churned
  INTO leaving;

  SELECT * FROM customers
  TO PREDICT at_risk.leaves WITH predict.probability = TRUE
  USING leaving;
END;

-- What it found is measured on Mondays. The program may use the model that the other job trains.
CREATE OR REPLACE JOB measure SCHEDULE '0 6 * * 1' AS
SELECT * FROM customers TO EVALUATE leaving INTO quality;

SHOW JOBS;
