-- What to produce, and what to ship where: a whole-number problem and Dantzig's transport problem.
CREATE OR REPLACE TABLE woodcarving AS
FROM (VALUES ('soldier', 27, 10, 14, 2, 1, 40),
             ('train',   21,  9, 10, 1, 1, 1000))
  AS t(product, price, materials_cost, other_cost, finishing, carpentry, max_num);

-- 100 hours of finishing and 80 of carpentry: 20 soldiers and 60 trains, a profit of 180.
SELECT * FROM woodcarving
TO MAXIMIZE SUM((price - materials_cost - other_cost) * product)
CONSTRAINT SUM(finishing * product) <= 100,
           SUM(carpentry * product) <= 80,
           product <= max_num
WITH variables = "product", var_type = "NonNegativeIntegers"
INTO woodcarving_result;

SELECT product, product_value AS pieces FROM woodcarving_result;

CREATE OR REPLACE TABLE plants AS
FROM (VALUES ('seattle', 350), ('san-diego', 600)) AS t(plants, capacity);
CREATE OR REPLACE TABLE markets AS
FROM (VALUES ('new-york', 325), ('chicago', 300), ('topeka', 275)) AS t(markets, demand);
CREATE OR REPLACE TABLE routes AS
FROM (VALUES ('seattle',   'new-york', 2.5), ('seattle',   'chicago', 1.7), ('seattle',   'topeka', 1.8),
             ('san-diego', 'new-york', 2.5), ('san-diego', 'chicago', 1.8), ('san-diego', 'topeka', 1.4))
  AS t(plants, markets, distance);

-- Distances are in thousands of miles; a case costs 90 dollars for each of them. The least cost,
-- in thousands of dollars, is 153.675 (Dantzig, Linear Programming and Extensions, 1963).
SELECT * FROM routes JOIN plants USING (plants) JOIN markets USING (markets)
TO MINIMIZE SUM(shipment * distance * 90 / 1000)
CONSTRAINT SUM(shipment) <= capacity GROUP BY plants,
           SUM(shipment) >= demand GROUP BY markets
WITH variables = "shipment(plants, markets)", var_type = "NonNegativeReals"
INTO shipments;

SELECT plants, markets, shipment, round(shipment * distance * 90 / 1000, 3) AS cost
FROM shipments JOIN routes USING (plants, markets)
WHERE shipment > 0
ORDER BY ALL;
