-- Search results in the best order (synthetic data): a ranker learns within each query.
CREATE OR REPLACE TABLE searches AS SELECT * FROM 'examples/data/searches.csv';

SELECT * FROM searches WHERE query % 4 > 0
TO TRAIN xgboost.XGBRanker
WITH objective = rank:ndcg, train.group = query, eta = 0.1, max_depth = 4,
     train.num_boost_round = 60
LABEL relevance
INTO search_order;

SELECT *, relevance AS judged FROM searches WHERE query % 4 = 0
TO PREDICT ranked.score USING search_order;

SELECT query, judged, round(score, 2) AS score
FROM ranked WHERE query = 12 ORDER BY score DESC LIMIT 5;
