-- Credit (synthetic data): a score card that anybody can check by hand.
CREATE OR REPLACE TABLE credit AS SELECT * FROM 'examples/data/credit.csv';

SELECT * EXCLUDE (id) FROM credit WHERE id % 4 != 0
TO TRAIN ScoreCard
WITH model.bins = 5, model.pdo = 20, model.base_score = 600, model.base_odds = 50,
     model.good_class = 'second', validation.split = 0.2, validation.metrics = 'roc_auc, accuracy'
LABEL paid_back
INTO credit_card;

-- What each bin is worth.
SELECT * FROM credit TO EXPLAIN credit_card USING Points;

SELECT * FROM credit WHERE id % 4 = 0
TO PREDICT scored.answer
WITH predict.probability = TRUE, predict.extra_outputs = score
USING credit_card;

-- The higher the score, the more pay back.
SELECT ntile, round(min(answer_score)) AS score_from, avg((c.paid_back = 'yes')::INT) AS paid_back
FROM (SELECT *, ntile(4) OVER (ORDER BY answer_score) AS ntile FROM scored) AS s
JOIN credit AS c USING (id)
GROUP BY ntile ORDER BY ntile;
