"""A database in memory with real data, programs over it, and what the programs leave behind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from sqlml.results import Results
from sqlml.session import Session


@dataclass(frozen=True)
class Laboratory:
    """Runs SQL programs on data that the libraries are given by hand beside it.

    frames: the tables as pandas sees them, in the order of their column `id`.
    """

    session: Session
    frames: dict[str, pd.DataFrame]
    folder: Path

    def load(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Make a table of a frame; its rows are numbered by `id`."""
        frame = frame.assign(id=np.arange(len(frame)))
        path = self.folder / f"{name}.parquet"
        frame.to_parquet(path, index=False)
        self.run(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM '{path}' ORDER BY id")
        self.frames[name] = frame
        return frame

    def run(self, program: str) -> Results:
        return self.session.run(program)

    def table(self, query: str) -> pd.DataFrame:
        """The rows of a query, in the order of `id` where there is one."""
        rows = self.run(query if " " in query else f"FROM {query}").to_pandas()
        return rows.sort_values("id", ignore_index=True) if "id" in rows else rows

    def manifest(self, model: str) -> dict[str, Any]:
        return dict(self._version(model).manifest)

    def bundle(self, model: str) -> Path:
        """The folder with a model's files."""
        return self._version(model).folder

    def rounds(self, model: str, metric: str) -> np.ndarray:
        """A metric of every round, as `sqlml_metrics` has it."""
        found = self.run(
            f"SELECT value FROM sqlml_metrics WHERE model = '{model}' AND round IS NOT NULL "
            f"AND name = '{metric}' ORDER BY version, round"
        )
        return found.to_pandas()["value"].to_numpy()

    def _version(self, reference: str) -> Any:
        name, _, number = reference.partition("@")
        found = self.session.store.models.find(name, int(number) if number else None)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    """A module's own database. Its `THREADS`, if it has any, is how many steps run at a time."""
    threads = getattr(request.module, "THREADS", 1)
    with Session.open(db=":memory:", threads=threads) as session:
        found = Laboratory(session, {}, tmp_path_factory.mktemp("data"))
        for name, make in TABLES.items():
            found.load(name, make())
        yield found


def iris() -> pd.DataFrame:
    """`code` has classes that are no numbers from 0 on."""
    bunch = datasets.load_iris()
    frame = _measurements(bunch)
    frame["species"] = bunch.target_names[bunch.target]
    frame["code"] = np.array([3, 7, 42])[bunch.target]
    return frame


def wine() -> pd.DataFrame:
    bunch = datasets.load_wine()
    return _measurements(bunch).assign(cultivar=np.array(["a", "b", "c"])[bunch.target])


def cancer() -> pd.DataFrame:
    """`w` is a weight, the same for whoever asks."""
    bunch = datasets.load_breast_cancer()
    frame = _measurements(bunch).iloc[:, :12]
    frame["benign"] = bunch.target.astype(bool)
    frame["w"] = np.random.default_rng(5).uniform(0.2, 3.0, len(frame))
    return frame


def diabetes() -> pd.DataFrame:
    bunch = datasets.load_diabetes()
    frame = _measurements(bunch).assign(progression=bunch.target)
    frame["w"] = np.random.default_rng(6).uniform(0.2, 3.0, len(frame))
    return frame


def digits() -> pd.DataFrame:
    bunch = datasets.load_digits()
    return _measurements(bunch).iloc[:400].assign(digit=bunch.target[:400])


def customers() -> pd.DataFrame:
    """Synthetic: text, dates, booleans and numbers, some of each missing."""
    draw = np.random.default_rng(11)
    rows = 400
    frame = pd.DataFrame(
        {
            "city": draw.choice(
                ["Ulm", "Oslo", "Rom", "Łódź", "Nice"], rows, p=[0.4, 0.25, 0.2, 0.1, 0.05]
            ),
            "plan": draw.choice(["free", "paid", "team"], rows, p=[0.5, 0.3, 0.2]),
            "joined": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(draw.integers(0, 1500, rows), "D"),
            "active": draw.random(rows) < 0.6,
            "income": draw.lognormal(3, 0.5, rows),
            "visits": draw.integers(0, 30, rows),
            "note": [" ".join(draw.choice(WORDS, draw.integers(1, 6))) for _ in range(rows)],
        }
    )
    drive = (
        (frame["city"] == "Ulm") * 1.2
        - (frame["plan"] == "paid") * 1.5
        + frame["income"] / 20
        - frame["visits"] / 12
        + draw.normal(0, 0.7, rows)
    )
    frame["churned"] = np.where(drive > drive.median(), "yes", "no")
    frame["worth"] = drive * 10 + 100
    for column in ("city", "income"):
        frame.loc[draw.random(rows) < 0.08, column] = None
    frame["joined"] = frame["joined"].astype("datetime64[us]")
    return frame


WORDS = ("slow", "fast", "Good", "bad", "price", "support", "café")


def searches() -> pd.DataFrame:
    """Synthetic: queries of different sizes whose rows are not adjacent."""
    draw = np.random.default_rng(12)
    query = np.repeat(np.arange(40), draw.integers(3, 12, 40))
    x = draw.normal(size=(len(query), 4))
    score = x[:, 0] + 0.7 * x[:, 1] + draw.normal(0, 0.4, len(query))
    relevance = np.clip(np.floor(score + 1), 0, 3).astype(int)
    frame = pd.DataFrame(x, columns=["x0", "x1", "x2", "x3"]).assign(
        query=query * 3 + 1, relevance=relevance
    )
    return frame.sample(frac=1, random_state=3, ignore_index=True)


def _measurements(bunch: Any) -> pd.DataFrame:
    names = [name.replace(" (cm)", "").replace(" ", "_") for name in bunch.feature_names]
    return pd.DataFrame(bunch.data, columns=[name.replace("/", "_") for name in names])


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "iris": iris,
    "wine": wine,
    "cancer": cancer,
    "diabetes": diabetes,
    "digits": digits,
    "customers": customers,
    "searches": searches,
}
