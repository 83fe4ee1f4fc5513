-- Groups without a label: wines by k-means, and digits' pictures pressed into five numbers.
CREATE OR REPLACE TABLE wine AS SELECT * FROM 'examples/data/wine.csv';

SELECT * EXCLUDE (cultivar) FROM wine
TO TRAIN KMeans
WITH model.n_clusters = 3, train.seed = 4
COLUMN STANDARDIZE(alcohol), STANDARDIZE(flavanoids), STANDARDIZE(color_intensity),
       STANDARDIZE(hue), STANDARDIZE(proline)
INTO wine_groups;

SELECT * FROM wine TO PREDICT wine_answers.grouped USING wine_groups;

SELECT cultivar, grouped, count(*) AS wines FROM wine_answers GROUP BY ALL ORDER BY ALL;

CREATE OR REPLACE TABLE digits AS SELECT * FROM 'examples/data/digits.parquet';

SELECT pixels FROM digits
TO TRAIN PCA WITH model.n_components = 5, train.seed = 4
INTO digit_axes;

SELECT pixels, digit FROM digits TO PREDICT digit_points.axis USING digit_axes;
