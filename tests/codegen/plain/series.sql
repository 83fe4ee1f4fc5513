-- Ends of months, and times of the training among those that are predicted.
CREATE OR REPLACE TABLE sold AS
SELECT last_day(DATE '2019-01-01' + INTERVAL (i) MONTH) AS month, 50 + i + 9 * sin(i * i) AS sold
FROM range(48) AS t(i);

SELECT * FROM sold TO TRAIN ARIMA WITH model.order = [1, 1, 0] LABEL sold INTO sold_later;

SELECT last_day(DATE '2019-01-01' + INTERVAL (i) MONTH) AS month, i FROM range(46, 51) AS t(i)
TO PREDICT series.sold WITH predict.extra_outputs = 'upper' USING sold_later;

-- Times that are numbers, and a range of them.
SELECT 5 * i + 3 AS place, cos(i)::FLOAT AS height FROM range(30) AS t(i)
TO TRAIN ExponentialSmoothing WITH model.smoothing_level = 0.4, train.time = place LABEL height INTO heights;

SELECT 1 AS place
TO PREDICT series_between.height
WITH predict.forecast_start = 140, predict.forecast_end = 170, predict.extra_outputs = 'lower, upper'
USING heights;

-- Text on working days, of two series that begin on different ones.
SELECT strftime(day, '%d.%m.%Y') AS day, i % 2 AS part, 20 + j + j % 5 + i AS value
FROM range(0, 2) AS s(i), range(40) AS t(j), LATERAL (
  SELECT DATE '2024-01-01' + (j + i + 2 * ((j + i) // 5))::INT AS day
)
TO TRAIN ExponentialSmoothing
WITH model.trend = 'add', model.damped_trend = TRUE, model.seasonal = 'add', model.seasonal_periods = 5,
     model.date_format = '%d.%m.%Y', train.time = day, train.partition_by = part, train.seed = 3
LABEL value
INTO values_later;

SELECT 1 AS day
TO PREDICT series_until.value
WITH predict.forecast_end = '08.03.2024', predict.extra_outputs = 'lower', predict.interval = 0.5
USING values_later;

-- A score card of trees for the class that comes first, and what its bins are worth.
CREATE OR REPLACE TABLE loans AS
SELECT (i * 37) % 101 AS age, CASE WHEN i % 11 > 0 THEN (i * 53) % 97 END AS wealth,
    ['a', 'b', 'c'][1 + i % 3] AS place, 1 + i % 2 AS often,
    CASE WHEN ((i * 37) % 101 + 3 * ((i * 53) % 97) + 29 * (i % 7)) % 200 > 90 THEN 'no' ELSE 'yes' END AS paid
FROM range(600) AS t(i);

SELECT * FROM loans
TO TRAIN ScoreCard
WITH model.binning = 'tree', model.bins = 4, model.rounded = FALSE, model.C = 0.5, train.weight = often
LABEL paid INTO loan_card;

SELECT * FROM loans TO EXPLAIN loan_card USING Points INTO card_points;

SELECT * FROM loans TO PREDICT card_answers.answer WITH predict.extra_outputs = score USING loan_card;
