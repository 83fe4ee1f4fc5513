-- What has changed; behind examples/sql/drift.sql.
CREATE TABLE changed AS SELECT * REPLACE (CASE WHEN id % 4 > 0 THEN bill * 3 END AS bill, CASE WHEN id % 3 > 0 THEN 'p' || (id % 40) ELSE plan END AS plan, id % 7 AS calls) FROM customers;
SELECT * EXCLUDE (id) FROM customers WHERE bill IS NOT NULL AND plan IS NOT NULL TO TRAIN Ridge COLUMN bill, plan, BUCKET(bill, 3) LABEL calls INTO ridge;
SELECT * EXCLUDE (calls) FROM changed TO CHECK ridge WITH check.psi = 0.1, check.missing = 0.05 INTO ridge_changes;
SELECT * FROM changed TO CHECK leaving INTO more_changes;
