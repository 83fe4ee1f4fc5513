-- A champion and its challenger: two versions of a model, and an alias that says which one is in use.
CREATE SCHEMA IF NOT EXISTS wine;

CREATE OR REPLACE TABLE wine.bottles AS
SELECT *, row_number() OVER () AS bottle FROM 'examples/data/wine.csv';

-- The first version knows two of the measurements, and is the champion for now.
SELECT alcohol, hue, cultivar FROM wine.bottles WHERE bottle % 4 > 0
TO TRAIN xgboost.gbtree WITH max_depth = 3, train.num_boost_round = 20
LABEL cultivar
INTO wine_model;

ALTER MODEL wine_model SET ALIAS champion;

-- The second one knows them all.
SELECT * EXCLUDE (bottle) FROM wine.bottles WHERE bottle % 4 > 0
TO TRAIN xgboost.gbtree WITH max_depth = 3, train.num_boost_round = 20
LABEL cultivar
INTO wine_model;

ALTER MODEL wine_model SET TAG reviewed = 'by the cellar master';

SELECT * FROM wine.bottles WHERE bottle % 4 = 0
TO EVALUATE wine_model@champion WITH validation.metrics = 'accuracy';

SELECT * FROM wine.bottles WHERE bottle % 4 = 0
TO EVALUATE wine_model WITH validation.metrics = 'accuracy';

-- It is better: from here on it is the champion, for this program and for all that use the alias.
ALTER MODEL wine_model SET ALIAS champion;

SELECT * FROM wine.bottles WHERE bottle % 4 = 0
TO PREDICT wine.answers.guess USING wine_model@champion;

SELECT count(*) FILTER (guess = cultivar) AS right_guesses, count(*) AS guesses FROM wine.answers
JOIN (SELECT bottle, cultivar FROM wine.bottles) USING (bottle);

SHOW MODELS;
