"""when, written by sqlml. Run it with the path of a DuckDB file."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn import metrics
from sklearn.linear_model import LinearRegression


def fetch(query):
    return con.sql(query).to_arrow_table()


def column(rows, name):
    """A column by its name, in any case."""
    spelt = {one.lower(): one for one in rows.column_names}
    if name.lower() not in spelt:
        sys.exit(f"there is no column {name} among {', '.join(rows.column_names)}")
    return rows[spelt[name.lower()]].combine_chunks()


def number(rows, name):
    """A column as numbers, NaN where it has none."""
    return column(rows, name).cast(pa.float64()).to_numpy(zero_copy_only=False)


@dataclass
class Label:
    """A label. classes: its values in order, or None where it is an amount."""

    name: str
    type: pa.DataType
    classes: pa.Array | None = None

    @property
    def average(self):
        """How metrics of one class are made one of all."""
        return "binary" if len(self.classes) == 2 else "macro"

    def encode(self, rows, name=""):
        """The label as numbers: the places of its classes, or the amounts themselves."""
        values = label_values(rows, name or self.name)
        if self.classes is None:
            return values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        places = pc.index_in(values.cast(self.type), value_set=self.classes)
        return places.to_numpy(zero_copy_only=False)

    def decode(self, predicted):
        """Predictions in the label's own words, or as its kind of number."""
        if self.classes is not None:
            return self.classes.take(pa.array(predicted.astype("int64")))
        return pa.array(predicted).cast(self.type if self.type == pa.float32() else pa.float64())


def label_values(rows, name):
    values = column(rows, name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if values.null_count:
        sys.exit(f"the label {name} is missing in {values.null_count} rows")
    return values


def amounts(rows, name):
    """A label whose values are amounts."""
    return Label(name, column(rows, name).type)


def tell(measured):
    for name, value in measured.items():
        print(f"{name}: {value}")


def deploy(model: str, r2: float) -> str:
    return f"deployed {model} ({r2:.2f})"


def give_up(model: str) -> str:
    return f"{model} is no good"


parser = argparse.ArgumentParser()
parser.add_argument("database", nargs="?", default=":memory:")
parser.add_argument("--least", type=float, default=0.9, help="what is good enough")
arguments = parser.parse_args()
con = duckdb.connect(arguments.database)
least = arguments.least

# train, line 19
rows = fetch("SELECT range AS x, 3 * range + 1 AS y FROM range(100)")
line_label = amounts(rows, "y")


def line_features(rows):
    return np.column_stack([
        number(rows, "x"),
    ]).astype("float64")


matrix = line_features(rows)
label = line_label.encode(rows)
line = LinearRegression()
line.fit(matrix, label)

# evaluate, line 20
rows = fetch("SELECT range AS x, 3 * range + 1 AS y FROM range(100)")
matrix = line_features(rows)
truth = line_label.encode(rows)
predicted = line.predict(matrix)
measured = {
    "loss": metrics.mean_squared_error(truth, predicted),
    "r2": metrics.r2_score(truth, predicted),
    "root_mean_squared_error": metrics.root_mean_squared_error(truth, predicted),
    "mean_absolute_error": metrics.mean_absolute_error(truth, predicted),
}
tell(measured)
evaluate = measured

if evaluate["r2"] >= least:
    # deploy, line 22
    deploy_result = deploy("line", evaluate["r2"])
    print("deploy:", deploy_result)
else:
    # give-up, line 24
    give_up_result = give_up("line")
    print("give-up:", give_up_result)

con.close()
