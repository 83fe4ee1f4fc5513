"""By hand: pandas and scikit-learn prepare text, dates, NULLs for XGBoost. Argument: database."""

import sys

import duckdb
import pandas as pd
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

con = duckdb.connect(sys.argv[1])
frame = con.sql("SELECT * FROM mixed").df()
label = (frame.pop("label") == "yes").astype(int)


def with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    for name in frame.select_dtypes("datetime").columns:
        when = frame.pop(name).dt
        frame[f"{name}_year"], frame[f"{name}_month"] = when.year, when.month
        frame[f"{name}_day"], frame[f"{name}_weekday"] = when.day, when.weekday
    return frame


frame = with_dates(frame)
text = list(frame.select_dtypes(["object", "string"]).columns)
numbers = [name for name in frame.columns if name not in text]
encode = make_pipeline(
    SimpleImputer(strategy="constant", fill_value="missing"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
)
prepare = ColumnTransformer([("text", encode, text), ("numbers", "passthrough", numbers)])
model = xgboost.XGBClassifier(n_estimators=50, max_depth=6, tree_method="hist")
pipeline = Pipeline([("prepare", prepare), ("model", model)]).fit(frame, label)
rows = con.sql("SELECT * EXCLUDE (label) FROM mixed").df()
rows["label"] = pipeline.predict(with_dates(rows))
con.execute("CREATE OR REPLACE TABLE by_hand AS SELECT * FROM rows")
