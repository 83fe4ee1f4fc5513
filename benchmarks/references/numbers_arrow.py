"""By hand: DuckDB → Arrow table → XGBoost → DuckDB. Arguments: database, rounds."""

import sys

import duckdb
import numpy as np
import pyarrow as pa
import xgboost

path, rounds = sys.argv[1], int(sys.argv[2])
con = duckdb.connect(path)
rows = con.sql("SELECT * FROM train").to_arrow_table()
features = rows.drop_columns(["label"])
matrix = xgboost.QuantileDMatrix(features, rows["label"].to_numpy())
parameters = {"objective": "binary:logistic", "max_depth": 6, "tree_method": "hist"}
model = xgboost.train(parameters, matrix, rounds)
del rows, features, matrix

rows = con.sql("SELECT * FROM train").to_arrow_table()
block = np.column_stack([rows[name].to_numpy() for name in rows.column_names if name != "label"])
predicted = pa.array((model.inplace_predict(block) > 0.5).astype(np.int32))
answers = rows.drop_columns(["label"]).append_column("label", predicted)
con.execute("CREATE OR REPLACE TABLE by_hand AS SELECT * FROM answers")
