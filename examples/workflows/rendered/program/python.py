"""program.sql, written by sqlml. Run it with the path of a DuckDB file."""

import sys
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xgboost as xgb
from sklearn import metrics

con = duckdb.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")


def fetch(query):
    return con.sql(query).to_arrow_table()


def keep(table, name):
    """Write a table into the database, or show it where it has no name."""
    con.register("made", table)
    if name:
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM made")
    else:
        con.sql("SELECT * FROM made").show()
    con.unregister("made")


def column(rows, name):
    """A column by its name, in any case."""
    spelt = {one.lower(): one for one in rows.column_names}
    if name.lower() not in spelt:
        sys.exit(f"there is no column {name} among {', '.join(rows.column_names)}")
    return rows[spelt[name.lower()]].combine_chunks()


def without(rows, *names):
    """The table without the columns of these names, in any case."""
    lower = {name.lower() for name in names}
    return rows.select([one for one in rows.column_names if one.lower() not in lower])


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


def classes(rows, name):
    """A label whose values are classes."""
    values = label_values(rows, name)
    return Label(name, values.type, values.unique().sort())


def classes_or_amounts(rows, name):
    """A label of classes: text, truth, or few whole numbers. Others are amounts."""
    found = classes(rows, name)
    if pa.types.is_floating(found.type) or pa.types.is_decimal(found.type):
        return amounts(rows, name)
    is_few = len(found.classes) <= 20 and 2 * len(found.classes) <= len(rows)
    return found if is_few or not pa.types.is_integer(found.type) else amounts(rows, name)


def xgboost_objective(label):
    """What XGBoost is to learn of a label."""
    if label.classes is None:
        return {"objective": "reg:squarederror"}
    if len(label.classes) <= 2:
        return {"objective": "binary:logistic"}
    return {"objective": "multi:softprob", "num_class": len(label.classes)}


def likeliest(values, label):
    """Of probabilities, the places of the likeliest classes; amounts as they are."""
    if label.classes is None:
        return values
    return values.argmax(axis=1) if values.ndim == 2 else (values > 0.5).astype("int64")


def of_each_class(values):
    """Probabilities of all classes; of two, a booster gives those of the second one."""
    values = values.astype("float64")
    return values if values.ndim == 2 else np.column_stack((1 - values, values))


def one_row(measured):
    """Metrics as a table; those that are not defined are NULL."""
    columns = {name: pa.array([value], from_pandas=True) for name, value in measured.items()}
    return pa.table(columns).cast(pa.schema([(name, pa.float64()) for name in measured]))


def tell(measured):
    for name, value in measured.items():
        print(f"{name}: {value}")


def log_loss(truth, chances):
    shares = chances / chances.sum(axis=1, keepdims=True)
    return metrics.log_loss(truth, shares, labels=range(chances.shape[1]))


# query, line 2
con.execute("CREATE OR REPLACE TABLE flowers AS SELECT * FROM 'examples/data/iris.csv'")

# train, line 4
rows = fetch("SELECT * FROM flowers")
kinds_2_label = classes_or_amounts(rows, "species")


def kinds_2_features(rows):
    return np.column_stack([
        number(rows, "sepal_length"),
        number(rows, "sepal_width"),
        number(rows, "petal_length"),
        number(rows, "petal_width"),
    ]).astype("float32")


matrix = kinds_2_features(rows)
label = kinds_2_label.encode(rows)
parameters = {**xgboost_objective(kinds_2_label), "max_depth": 3, "seed": 0}
data = xgb.QuantileDMatrix(matrix, label)
kinds_2 = xgb.train(parameters, data, 20)

# evaluate, line 10
rows = fetch("SELECT * FROM flowers")
matrix = kinds_2_features(rows)
truth = kinds_2_label.encode(rows)
predicted = likeliest(kinds_2.inplace_predict(matrix), kinds_2_label)
chances = of_each_class(kinds_2.inplace_predict(matrix))
measured = {
    "loss": log_loss(truth, chances),
    "accuracy": metrics.accuracy_score(truth, predicted),
}
tell(measured)
keep(one_row(measured), "how_good")

# predict, line 12
rows = fetch("SELECT * FROM flowers")
matrix = kinds_2_features(rows)
predicted = likeliest(kinds_2.inplace_predict(matrix), kinds_2_label)
table = without(rows, "species", "guess").append_column("guess", kinds_2_label.decode(predicted))
keep(table, "answers")

# query-2, line 14
con.sql("SELECT guess, count(*) AS flowers FROM answers GROUP BY guess ORDER BY guess").show()

con.close()
