-- A model per district (synthetic data): trained side by side, stored as one; the district of a row
-- says which of them answers.
CREATE OR REPLACE TABLE houses AS SELECT * FROM 'examples/data/houses.csv';

SELECT area, rooms, built, distance, district, price FROM houses WHERE built < 2015
TO TRAIN LinearRegression
WITH train.partition_by = 'district', train.partition_default = 'global'
LABEL price
INTO price_by_district;

SELECT area, rooms, built, distance, price FROM houses WHERE built < 2015
TO TRAIN LinearRegression
LABEL price
INTO price_anywhere;

-- What is known of each district's model:
DESCRIBE MODEL price_by_district;

-- In SQL the models are functions: how far off is each in every district, on houses built since?
CREATE OR REPLACE VIEW own_estimates AS
SELECT district, price, PREDICT('price_by_district', houses) AS own,
       PREDICT('price_anywhere', houses) AS anywhere
FROM houses WHERE built >= 2015;

SELECT district, count(*) AS sold, avg(abs(own - price)) AS own, avg(abs(anywhere - price)) AS anywhere
FROM own_estimates GROUP BY district ORDER BY district;

-- A district without houses so far: the model of all rows answers.
SELECT PREDICT('price_by_district', 100, 4, 2020, 3.5, 'new town') AS price;
CREATE TABLE est AS SELECT * FROM own_estimates;
SELECT * FROM houses WHERE built >= 2015 TO PREDICT guessed.p USING price_by_district;
SELECT * FROM houses WHERE built >= 2015 LIMIT 0 TO PREDICT nothing_guessed.p USING price_by_district;
SELECT * REPLACE (CASE WHEN rooms > 3 THEN district ELSE 'elsewhere' END AS district) FROM houses WHERE built >= 2015 TO EVALUATE price_by_district INTO seg_good;
SELECT area, rooms, district, garden, price FROM houses TO TRAIN xgboost.XGBRegressor
WITH train.partition_by = 'garden', n_estimators = 5, validation.split = 0.2, train.early_stopping_rounds = 2 LABEL price INTO by_garden;
SELECT * FROM houses TO PREDICT by_gardens.p USING by_garden;
