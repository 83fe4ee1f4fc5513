"""program.sql: written by sqlml. Run it with the path of a DuckDB file."""

import re
import sys

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xgboost as xgb
from sklearn import metrics

LIST = re.compile(r"\s*\[?[-+.\deE\s]+(,[-+.\deE\s]+)+\]?\s*")
con = duckdb.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")


def fetch(query):
    return con.sql(query).to_arrow_table()


def keep(table, name):
    """Write a table into the database, or show it where it has no name."""
    con.register("made", table)
    if name:
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM made")
    else:
        print(con.sql("SELECT * FROM made"))
    con.unregister("made")


def number(rows, column):
    return rows[column].cast(pa.float64()).to_numpy()


def known_values(rows, column):
    """The values of a category, most frequent first."""
    con.register("learning", pa.table({"value": rows[column]}))
    found = con.sql("""
        SELECT value FROM (SELECT CAST(value AS VARCHAR) AS value FROM learning)
        WHERE value IS NOT NULL GROUP BY value ORDER BY count(*) DESC, value LIMIT 10000
    """).fetchall()
    con.unregister("learning")
    values = [value for (value,) in found]
    if 4 * sum(bool(LIST.fullmatch(value)) for value in values[:1000]) > len(values[:1000]):
        sys.exit(f"{column} lists numbers, which this script does not take apart")
    return pa.array(values, pa.string())


def codes(rows, column, known):
    """The place of each value among those known; NaN where there is none."""
    text = rows[column].cast(pa.string())
    return pc.index_in(text, value_set=known, skip_nulls=True).cast(pa.float64()).to_numpy()


def learnt_boundaries(values, count):
    """Where ranges of about as many rows each begin."""
    con.register("learning", pa.table({"value": pa.array(values, from_pandas=True)}))
    shares = [place / count for place in range(count)]
    ((found,),) = con.sql(f"SELECT quantile_cont(value, {shares}) FROM learning").fetchall()
    con.unregister("learning")
    least, *others = found or [0.0]
    return sorted({one for one in others if one > least})


def buckets(values, boundaries):
    """How many boundaries are not above the value; NaN where there is none."""
    places = np.searchsorted(boundaries, values, side="right").astype("float64")
    return np.where(np.isnan(values), np.nan, places)


def flags(places, count):
    """One 0/1 column per place."""
    return list((places[:, None] == np.arange(count)).astype(float).T)


def classes_of(label):
    """The classes of a label; None if its values are amounts."""
    kinds = pa.types
    if kinds.is_floating(label.type) or kinds.is_decimal(label.type):
        return None
    found = label.unique().sort()
    few = len(found) <= 20 and 2 * len(found) <= len(label)
    return None if kinds.is_integer(label.type) and not few else found


def encoded(label, classes):
    """A label as numbers; those of classes are their places."""
    if label.null_count:
        sys.exit("the label is missing in some rows")
    if classes is None:
        return label.cast(pa.float64()).to_numpy()
    return pc.index_in(label, value_set=classes).to_numpy()


def decoded(predicted, classes, label):
    """Predictions in the label's own words, or as its kind of number."""
    if classes is not None:
        return classes.take(pa.array(predicted.astype("int64")))
    return pa.array(predicted).cast(label if label == pa.float32() else pa.float64())


def without(rows, *names):
    lower = {name.lower() for name in names}
    return rows.select([name for name in rows.column_names if name.lower() not in lower])


def likeliest(values, classes):
    """What boosters predict: amounts, or the places of the likeliest classes."""
    if classes is None:
        return values
    return values.argmax(axis=1) if values.ndim == 2 else (values > 0.5).astype("int64")


def chances_of(model, matrix):
    """Probabilities of classes; None where the model has none."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(matrix)
    if not hasattr(model, "inplace_predict") and not hasattr(model, "num_trees"):
        return None
    predict = getattr(model, "inplace_predict", model.predict)
    values = predict(matrix).astype("float64")
    return values if values.ndim == 2 else np.column_stack((1 - values, values))


def log_loss(truth, chances):
    if chances is None:
        return np.nan
    shares = chances / chances.sum(axis=1, keepdims=True)
    return metrics.log_loss(truth, shares, labels=range(chances.shape[1]))


def against_rest(score, truth, chances, weighted=False):
    """A score of the second of two classes; of more, the mean of each class against the rest."""
    if chances is None:
        sys.exit("this model gives no probabilities")
    count = chances.shape[1]
    told = [(truth == place, chances[:, place]) for place in range(count)]
    told = told[1:] if count == 2 else [one for one in told if not one[0].all()]
    told = [one for one in told if one[0].any()]
    weights = [is_true.sum() for is_true, _ in told] if weighted and count > 2 else None
    return np.average([score(*one) for one in told], weights=weights) if told else np.nan


def with_chances(table, column, chances, classes):
    """A table with one more column for each class, its probabilities."""
    if chances is None:
        sys.exit("this model gives no probabilities")
    for place, value in enumerate(classes.to_pylist()):
        name = str(value).lower() if isinstance(value, bool) else str(value)
        told = pa.array(chances[:, place], pa.float64())
        table = table.append_column(f"{column}_proba_{name}", told)
    return table


# query (line 2)
con.execute("CREATE OR REPLACE TABLE flowers AS SELECT * FROM 'examples/data/iris.csv'")

# train (line 4)
rows = fetch('SELECT * FROM flowers')
model_kinds_label = rows['species'].type
model_kinds_classes = classes_of(rows['species'])


def model_kinds_features(rows):
    return np.column_stack([
        number(rows, 'sepal_length'),
        number(rows, 'sepal_width'),
        number(rows, 'petal_length'),
        number(rows, 'petal_width'),
    ]).astype("float32")


matrix = model_kinds_features(rows)
label = encoded(rows['species'], model_kinds_classes)
parameters = {'max_depth': 3, 'seed': 0}
if model_kinds_classes is None:
    parameters["objective"] = "reg:squarederror"
elif len(model_kinds_classes) == 2:
    parameters["objective"] = "binary:logistic"
else:
    parameters["objective"] = "multi:softprob"
if parameters["objective"] == "multi:softprob":
    parameters["num_class"] = len(model_kinds_classes)
kinds = ['q', 'q', 'q', 'q']
data = xgb.QuantileDMatrix(matrix, label, feature_types=kinds, enable_categorical=True)
model_kinds = xgb.train(parameters, data, 20)

# evaluate (line 10)
rows = fetch('SELECT * FROM flowers')
truth = encoded(rows['species'], model_kinds_classes)
matrix = model_kinds_features(rows)
predicted = likeliest(model_kinds.inplace_predict(matrix), model_kinds_classes)
chances = chances_of(model_kinds, matrix)
measured = {
    "loss": log_loss(truth, chances),
    "accuracy": metrics.accuracy_score(truth, predicted),
}
for name, value in measured.items():
    print(name, value)
columns = {
    name: pa.array([value], pa.float64(), from_pandas=True)
    for name, value in measured.items()
}
keep(pa.table(columns), 'how_good')

# predict (line 12)
rows = fetch('SELECT * FROM flowers')
matrix = model_kinds_features(rows)
predicted = likeliest(model_kinds.inplace_predict(matrix), model_kinds_classes)
result = decoded(predicted, model_kinds_classes, model_kinds_label)
table = without(rows, 'species', 'guess').append_column('guess', result)
keep(table, 'answers')

# query-2 (line 14)
print(con.sql('SELECT guess, count(*) AS flowers FROM answers GROUP BY guess ORDER BY guess'))
