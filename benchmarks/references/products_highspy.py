"""By hand: DuckDB → NumPy → HiGHS → DuckDB. Argument: database."""

import sys

import duckdb
import highspy
import numpy as np
import pyarrow as pa

con = duckdb.connect(sys.argv[1])
rows = con.sql("SELECT * FROM products").fetchnumpy()
count = len(rows["product"])
plants, plant = np.unique(rows["plant"], return_inverse=True)
capacity = np.zeros(len(plants))
capacity[plant] = rows["capacity"]

highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
highs.passModel(
    *(count, len(plants), count, 1, -1, 0.0),
    *(rows["profit"].astype(float), np.zeros(count), rows["wanted"].astype(float)),
    *(np.full(len(plants), -np.inf), capacity),
    *(np.arange(count + 1, dtype=np.int32), plant.astype(np.int32), rows["hours"].astype(float)),
    np.zeros(count, np.int32),
)
highs.run()
made = pa.array(np.asarray(highs.getSolution().col_value))
answers = pa.table({"product": rows["product"], "made": made})
con.execute("CREATE OR REPLACE TABLE by_hand AS SELECT * FROM answers")
