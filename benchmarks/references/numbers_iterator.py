"""By hand, lean: DuckDB → Arrow batches → XGBoost's data iterator; predictions stream back."""

import sys

import duckdb
import numpy as np
import pyarrow as pa
import xgboost

path, rounds = sys.argv[1], int(sys.argv[2])
con = duckdb.connect(path)


def block(batch: pa.RecordBatch, width: int) -> np.ndarray:
    """A batch's first columns as a float32 matrix."""
    matrix = np.empty((batch.num_rows, width), np.float32)
    for column in range(width):
        matrix[:, column] = batch.column(column).to_numpy(zero_copy_only=False)
    return matrix


class Batches(xgboost.DataIter):
    def reset(self) -> None:
        self.reader = con.sql("SELECT * FROM train").to_arrow_reader(100_000)

    def next(self, input_data) -> bool:
        try:
            batch = self.reader.read_next_batch()
        except StopIteration:
            return False
        width = batch.num_columns - 1
        input_data(data=block(batch, width), label=batch.column(width).to_numpy())
        return True


matrix = xgboost.QuantileDMatrix(Batches())
parameters = {"objective": "binary:logistic", "max_depth": 6, "tree_method": "hist"}
model = xgboost.train(parameters, matrix, rounds)
del matrix

source = con.sql("SELECT * FROM train").to_arrow_reader(100_000)
kept = pa.schema([field for field in source.schema if field.name != "label"])


def answers():
    for batch in source:
        predicted = model.inplace_predict(block(batch, len(kept))) > 0.5
        columns = [*batch.columns[: len(kept)], pa.array(predicted.astype(np.int32))]
        yield pa.RecordBatch.from_arrays(columns, schema=kept.append(pa.field("label", pa.int32())))


stream = pa.RecordBatchReader.from_batches(kept.append(pa.field("label", pa.int32())), answers())
con.cursor().execute("CREATE OR REPLACE TABLE by_hand AS SELECT * FROM stream")
