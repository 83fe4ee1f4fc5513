-- Orders of a shop (synthetic data): how many there will be next week, and how sure that is.
CREATE OR REPLACE TABLE orders AS SELECT * FROM 'examples/data/orders.csv';

SELECT day, orders FROM orders WHERE shop = 'Oslo' AND day < '2024-12-01'
TO TRAIN ARIMAWithSTLDecomposition
WITH model.order = [1, 1, 1], model.period = 7
LABEL orders
INTO oslo_orders;

SELECT day, orders FROM orders WHERE shop = 'Oslo' AND day >= '2024-12-01' AND day < '2024-12-15'
TO EVALUATE oslo_orders;

-- Both shops at once, each with a model of its own.
SELECT * FROM orders
TO TRAIN ExponentialSmoothing
WITH model.trend = 'add', model.seasonal = 'mul', model.seasonal_periods = 7, train.series = shop
LABEL orders
INTO shop_orders;

SELECT * FROM orders
TO PREDICT next_week.orders
WITH predict.steps = 7, predict.extra_outputs = 'lower, upper', predict.interval = 0.8
USING shop_orders;

SELECT day, round(orders) AS orders, round(orders_lower) AS at_least, round(orders_upper) AS at_most
FROM next_week WHERE shop = 'Oslo' ORDER BY day;
