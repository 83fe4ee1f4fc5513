-- Papers and what they cite (synthetic data): a network that looks along the edges of a graph.
CREATE OR REPLACE TABLE papers AS SELECT * FROM 'examples/data/papers.csv';
CREATE OR REPLACE TABLE citations AS SELECT * FROM 'examples/data/citations.csv';

-- A row for each edge, and one for a paper without any.
CREATE OR REPLACE VIEW graph AS
SELECT papers.*, citations.paper, citations.cites
FROM papers LEFT JOIN citations ON papers.id = citations.paper;

-- The fields of a third of the papers are learnt from; the words of all of them are known.
SELECT * FROM graph
TO TRAIN GCN
WITH model.from_node_col = paper, model.to_node_col = cites, model.nhid = 16,
     model.train_ratio = 0.33, model.eval_ratio = 0.17
LABEL field
INTO field_of_paper;

-- Words alone, learnt from as many papers, say less.
SELECT * EXCLUDE (id) FROM papers WHERE id % 3 = 0 TO TRAIN LogisticRegression LABEL field INTO field_by_words;

SELECT * FROM graph TO PREDICT placed.guess USING field_of_paper;

SELECT avg((guess = field)::INT) AS by_graph, avg((PREDICT('field_by_words', papers) = field)::INT) AS by_words
FROM (SELECT DISTINCT id, guess FROM placed) JOIN papers USING (id);
