import importlib.util
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

import sqlml
from sqlml.errors import ProgramError, SqlmlError, StepError
from sqlml.session import Session, connect
from sqlml.zoo.models import find_model
from sqlml.zoo.models.custom_network import Facts, network
from sqlml.zoo.models.custom_trainer import CustomEstimator, CustomTrainer, defined, imported

ROOT = Path(__file__).parents[3]
IRIS = f"CREATE TABLE iris AS FROM read_csv('{ROOT / 'examples/data/iris.csv'}');"
TRAIN = "SELECT * FROM iris TO TRAIN mine.Mean WITH model.by = 2 LABEL petal_width INTO m;"
MEAN = '''
import numpy as np
from sklearn.linear_model import LinearRegression

class Mean:
    """Answers a number.

    Parameters
    ----------
    by : int
        What the mean is multiplied with.
    """
    task = "regression"

    def __init__(self, by: int = 1, names: list | None = None):
        self.by = by
        self.names = names

    def fit(self, X, y):
        self.line = LinearRegression().fit(X, y)
        self.told = {1: ("a", [2.5, None]), "k": np.float64(3)}
        self.mean = y.mean() * self.by
        return self

    def predict(self, X):
        assert self.told == {1: ("a", [2.5, None]), "k": 3.0}
        return self.line.predict(X) + self.mean
'''

SAME = """
class Same:
    task = "regression"

    def fit(self, X, y):
        return self

    def predict(self, X):
        return [{}.0] * len(X)
"""

ITSELF = """
    def save(self, folder):
        (folder / 'x').write_text(str(self.mean))

    @classmethod
    def load(cls, folder):
        one = cls()
        one.predict = lambda X: np.full(len(X), float((folder / 'x').read_text()))
        return one
"""
NETWORKS = """
import keras

class Wide(keras.Model):
    \"\"\"A hidden layer.\"\"\"

    def __init__(self, units: int = 8, outputs=1):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="tanh")
        self.last = keras.layers.Dense(outputs, activation="softmax")

    def call(self, inputs):
        return self.last(self.hidden(inputs))

def Straight(inputs, scale: float = 1.0) -> keras.Model:
    given = keras.Input((inputs,))
    return keras.Model(given, keras.layers.Dense(1)(keras.layers.Rescaling(scale)(given)))

def optimizer():
    return keras.optimizers.SGD(0.05)
"""

ODD = MEAN.replace("self.told = {1", "self.odd = open; self.told = {1")
PAGE = (ROOT / "docs/custom-models.md").read_text("utf-8")
FILES = {
    "mine": MEAN,
    "failing": MEAN.replace("self.mean = y", "self.mean = 1 / 0 + y"),
    "short": MEAN.replace("return self.line", "X = X[1:]; return self.line"),
    "odd": ODD,
    "itself": ODD + ITSELF,
    "nets": NETWORKS,
    "prototypes": re.findall(r"```python\n(.*?)```", PAGE, re.S)[0],
    "networks": re.findall(r"```python\n(# zoo/networks.py.*?)```", PAGE, re.S)[0],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zoo")


@pytest.fixture
def zoo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As old as in the last test, so that a worker that has read the files serves this one too."""
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(text)
        os.utime(folder / f"{name}.py", (0, 0))
    monkeypatch.setenv("SQLML_ZOO", str(folder))
    return folder


def train(module: str) -> str:
    return TRAIN.replace("mine", module)


@pytest.fixture
def session(zoo: Path, tmp_path: Path) -> Iterator[Session]:
    with connect(tmp_path / "x.duckdb") as opened:
        opened.run(IRIS)
        yield opened


def code(error: SqlmlError) -> str:
    return error.diagnostics[0].code


def test_a_class_predicts_what_it_predicts_by_hand(session: Session, zoo: Path) -> None:
    results = session.run(TRAIN + "SELECT * FROM iris TO PREDICT a.result USING m; FROM a")
    spec = importlib.util.spec_from_file_location("by_hand", zoo / "mine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = load_iris().data
    species = np.eye(3)[load_iris().target]
    X, y = np.column_stack([data[:, :3], species]), data[:, 3]
    expected = module.Mean(by=2).fit(X, y).predict(X)
    np.testing.assert_allclose(results[-1].to_pandas()["result"], expected, atol=1e-6)


def test_attributes_come_from_the_signature_and_the_docstring(zoo: Path) -> None:
    model = find_model("mine.Mean")
    assert model is not None
    by, names = model.parameters["by"], model.parameters["names"]
    assert (by.kinds, by.default, by.doc) == (
        ("integer",), 1, "What the mean is multiplied with.",
    )  # fmt: skip
    assert (names.kinds, names.choices) == (("list",), (None,))
    assert (model.task, model.doc) == ("regression", "Answers a number.")


def test_attributes_are_checked_before_anything_runs(session: Session, zoo: Path) -> None:
    with pytest.raises(ProgramError) as unknown:
        session.run(TRAIN.replace("model.by", "model.buy"))
    assert unknown.value.diagnostics[0].hint == "did you mean `model.by`?"
    with pytest.raises(ProgramError, match="must be an integer"):
        session.run(TRAIN.replace("= 2", "= 'two'"))
    with pytest.raises(ProgramError) as mistyped:
        session.run(TRAIN.replace("mine.Mean", "mine.Maen"))
    assert mistyped.value.diagnostics[0].hint == "did you mean `mine.Mean`?"
    (zoo / "mine.py").write_text(MEAN.replace("by: int = 1", "by: int, *, seed"))
    with pytest.raises(ProgramError, match=r"`mine.Mean` needs `model.by`: an integer"):
        session.run(TRAIN.replace("WITH model.by = 2", ""))


def test_a_file_is_not_run_to_be_planned(session: Session, zoo: Path, tmp_path: Path) -> None:
    (zoo / "mine.py").write_text(MEAN + f"\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    session.compile([sqlml.source.Source("p", TRAIN)])
    assert not (tmp_path / "ran").exists()
    session.run(TRAIN)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("module", ["os", "subprocess", "json", "..mine"])
def test_no_module_outside_the_folders_can_be_named(zoo: Path, module: str) -> None:
    assert find_model(f"{module}.Popen") is None


def test_a_file_that_is_no_python_is_told_with_its_line(session: Session, zoo: Path) -> None:
    (zoo / "mine.py").write_text("\nclass Mean(:\n")
    with pytest.raises(ProgramError, match="in line 2") as raised:
        session.run(TRAIN)
    assert code(raised.value) == "E0630"


def test_an_exception_is_told_with_its_line(session: Session) -> None:
    with pytest.raises(StepError, match=r"in line 22 of .*ZeroDivisionError") as raised:
        session.run(train("failing"))
    assert code(raised.value) == "E0632"


def test_other_code_than_at_training_is_refused(session: Session, zoo: Path) -> None:
    session.run(TRAIN)
    (zoo / "mine.py").write_text(MEAN + "\n# other\n")
    with pytest.raises(StepError, match="has changed since") as raised:
        session.run("SELECT * FROM iris TO PREDICT USING m")
    assert code(raised.value) == "E0633"
    session.run(TRAIN + "SELECT * FROM iris TO PREDICT USING m")
    assert len(session.store.models.versions("m")) == 2


def test_without_its_folder_a_model_cannot_be_used(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(tmp_path / "x.duckdb") as session:
        session.run(IRIS + TRAIN)
    monkeypatch.delenv("SQLML_ZOO")
    with (
        connect(tmp_path / "x.duckdb") as other,
        pytest.raises(SqlmlError, match="there is no model type `mine") as raised,
    ):
        other.run("SELECT * FROM iris TO PREDICT USING m")
    assert "--zoo" in raised.value.diagnostics[0].hint


def test_sessions_of_one_process_find_the_folders_of_their_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SQLML_ZOO", raising=False)
    before = dict(os.environ)
    train = "SELECT 1 AS a, 0 AS y TO TRAIN mine.Same LABEL y INTO m;"
    apply = "SELECT 1 AS a TO PREDICT p.y USING m; SELECT y, PREDICT('m', p) AS z FROM p"
    with ExitStack() as ending:
        sessions = []
        for answer in (1, 2):
            folder = tmp_path / str(answer)
            folder.mkdir()
            (folder / "mine.py").write_text(SAME.format(answer))
            sessions.append(ending.enter_context(connect(folder / "x.duckdb", zoo=str(folder))))
        without = ending.enter_context(connect(":memory:"))
        found = [session.run(train + apply)[-1].to_arrow().to_pylist() for session in sessions]
        with pytest.raises(ProgramError, match=r"mine\.Same"):
            without.run(train)
    assert found == [[{"y": 1.0, "z": 1.0}], [{"y": 2.0, "z": 2.0}]]
    assert dict(os.environ) == before


def test_too_few_results_are_refused(session: Session) -> None:
    with pytest.raises(StepError, match="results for") as raised:
        session.run(train("short"))
    assert code(raised.value) == "E0634"


def test_what_is_no_data_is_not_stored(session: Session) -> None:
    with pytest.raises(StepError, match="`odd` is a builtin_function_or_method") as raised:
        session.run(train("odd"))
    assert code(raised.value) == "E0635"


FURTHER = """
class Far:
    task = "outliers"

    def fit(self, X):
        self.limit = 2.5
        return self

    def decision_function(self, X):
        return self.limit - X[:, 0]

    def predict(self, X):
        return [1 if far >= 0 else -1 for far in self.decision_function(X)]
"""


def test_a_class_may_have_further_results(session: Session, zoo: Path) -> None:
    (zoo / "further.py").write_text(FURTHER)
    (found,) = session.run(
        "SELECT petal_width FROM iris TO TRAIN further.Far INTO m;"
        "SELECT petal_width FROM iris"
        " TO PREDICT a.said WITH predict.extra_outputs = score USING m; FROM a"
    )
    told = found.to_pandas()
    np.testing.assert_allclose(told["said_score"], 2.5 - told["petal_width"])
    assert (told["said"] == np.where(told["said_score"] >= 0, 1, -1)).all()


def test_a_class_may_store_itself(session: Session) -> None:
    predict = "SELECT * FROM iris LIMIT 2 TO PREDICT p.v USING m; FROM p"
    results = session.run(train("itself") + predict)
    expected = 2 * load_iris().data[:, 3].mean()
    assert results[-1].to_pandas()["v"].tolist() == pytest.approx([expected] * 2)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as raised:
        connect(":memory:", zoo=str(tmp_path / "nowhere"))
    assert code(raised.value) == "E0636"


def test_the_page_on_custom_models_is_true(session: Session, tmp_path: Path) -> None:
    (sql,) = re.findall(r"```sql\n(.*?)```", PAGE, re.S)[:1]
    found: Any = session.run(sql + "FROM answers")[-1].to_pandas()
    assert list(found.columns[-3:]) == [
        f"species_proba_{name}" for name in ("setosa", "versicolor", "virginica")
    ]
    assert (found["species"] == load_iris().target_names[load_iris().target]).mean() > 0.9
    listed = json.dumps(sorted(os.listdir(tmp_path / "x.duckdb.sqlml/models/nearest/1")))
    assert "source.py" in listed


def test_the_network_on_the_page_learns_and_is_loaded_again(session: Session) -> None:
    results = session.run(
        "SELECT * EXCLUDE (species) FROM iris"
        " TO TRAIN networks.TwoLayers LABEL petal_width INTO m;"
        "SELECT *, petal_width AS truth FROM iris TO PREDICT a.result USING m; FROM a"
    )
    found = results[-1].to_pandas()
    assert (found["result"] - found["truth"]).std() < 0.5 * found["truth"].std()


def test_keras_models_train_as_by_hand_and_are_loaded_again(session: Session) -> None:
    import keras

    results = session.run(
        "SELECT * EXCLUDE (species) FROM iris TO TRAIN nets.Straight"
        " WITH train.epoch = 3, train.batch_size = 150, train.seed = 7, model.scale = 0.5"
        " LABEL petal_width INTO v;"
        "SELECT * FROM iris TO PREDICT a.result USING v; FROM a;"
        "SELECT * FROM iris TO TRAIN nets.Wide WITH train.epoch = 40, model.units = 12"
        " LABEL species INTO c;"
        "SELECT *, species AS truth FROM iris TO PREDICT b.said WITH predict.probability = TRUE"
        " USING c; FROM b"
    )
    data = load_iris().data.astype(np.float32)
    keras.utils.set_random_seed(7)
    given = keras.Input((3,))
    model = keras.Model(given, keras.layers.Dense(1)(keras.layers.Rescaling(0.5)(given)))
    model(np.zeros((1, 3), dtype=np.float32))
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mean_squared_error")
    model.fit(data[:, :3], data[:, 3], epochs=3, batch_size=150, verbose=0)
    expected = np.asarray(model(data[:, :3]))[:, 0]
    np.testing.assert_allclose(results[0].to_pandas()["result"], expected, atol=1e-4)
    said = results[1].to_pandas()
    assert (said["said"] == said["truth"]).mean() > 0.8
    assert said.filter(like="_proba_").sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)


LOOPS = """
import keras

class Own:
    def __init__(self):
        super().__init__()
        self.line = keras.layers.Dense(1, kernel_initializer="zeros")

    def call(self, inputs):
        return self.line(inputs)

class Mean(Own, keras.Model):
    def sqlflow_train_loop(self, x):
        labels = [float(label) for epoch in range(2) for _features, batch in x for label in batch]
        self.line.bias.assign([sum(labels) / len(labels) + len(labels)])

class Halved(Own, keras.Model):
    def train_step(self, data):
        features, truth, weights = data
        self.line.bias.assign_add([0.5])
        self._loss_tracker.update_state(truth - self(features)[:, 0])
        return {}

class Distant(keras.Model):
    def __init__(self, outputs=1):
        super().__init__()
        self.last = keras.layers.Dense(outputs)

    def decision_function(self, rows):
        return self.last(rows)

    def call(self, inputs):
        return keras.ops.softmax(self.last(inputs))

class Doubtful(Own, keras.Model):
    def predict(self, rows, return_std=False):
        assert return_std
        return None, rows[:, 0] * 2

class Mute(Own, keras.Model):
    task = "clustering"

class Broken(Own, keras.Model):
    def train_loop(self, rows):
        raise ValueError("no way")
"""


@pytest.fixture
def loops(zoo: Path) -> Path:
    (on_page,) = re.findall(r"```python\n(# zoo/loops.py.*?)```", PAGE, re.S)
    (zoo / "loops.py").write_text(on_page + LOOPS)
    (on_page,) = re.findall(r"```python\n(# zoo/autoencoders.py.*?)```", PAGE, re.S)
    (zoo / "autoencoders.py").write_text(on_page)
    return zoo


def test_the_loop_on_the_page_trains_as_by_hand(loops: Path, fit: Any, dataset: Any) -> None:
    import keras
    import tensorflow as tf

    reports: list[Any] = []
    features = np.random.default_rng(2).normal(size=(200, 3)).astype(np.float32)
    truth = features @ np.array([1.0, 2.0, -1.0]) + 4
    data = dataset(features, truth)
    found = fit(
        CustomTrainer(), "loops.Robust", data, "regression", {"rate": 0.2}, seed=3,
        settings={"epoch": 5, "batch_size": 200}, report=lambda *told: reports.append(told),
    )  # fmt: skip
    assert data.wholes == 0
    keras.utils.set_random_seed(3)
    line, optimizer = keras.layers.Dense(1), keras.optimizers.Adam(0.2)
    line(features)
    for _ in range(5):
        with tf.GradientTape() as tape:
            lost = keras.losses.Huber()(truth[:, None], line(features))
        optimizer.apply(tape.gradient(lost, line.trainable_variables), line.trainable_variables)
    np.testing.assert_allclose(found.predict(features), line(features)[:, 0], atol=1e-4)
    assert [told[:2] for told in reports] == [(epoch, 5) for epoch in range(1, 6)]
    assert reports[-1][2]["train_loss"] == pytest.approx(float(lost), rel=1e-3)


def test_a_network_may_train_in_its_own_way(loops: Path, fit: Any, dataset: Any) -> None:
    data = dataset(np.ones((400, 2), np.float32), np.arange(400.0))
    settings = {"epoch": 3, "batch_size": 100}
    mean = fit(CustomTrainer(), "loops.Mean", data, "regression", settings=settings)
    assert mean.predict(data.matrix[:1]) == pytest.approx(199.5 + 800)
    stepped = fit(CustomTrainer(), "loops.Halved", data, "regression", settings=settings)
    assert stepped.predict(data.matrix[:1]) == pytest.approx(0.5 * 3 * 4)
    limited = {**settings, "max_steps": 5}
    stepped = fit(CustomTrainer(), "loops.Halved", data, "regression", settings=limited)
    assert stepped.predict(data.matrix[:1]) == pytest.approx(0.5 * 5)
    with pytest.raises(StepError, match="no way") as caught:
        fit(CustomTrainer(), "loops.Broken", data, "regression")
    assert code(caught.value) == "E0632"


def test_networks_have_further_results(loops: Path, fit: Any, dataset: Any) -> None:
    rows = np.random.default_rng(4).normal(size=(90, 3)).astype(np.float32)

    def untrained(name: str, task: Any, *facts: Any) -> CustomEstimator:
        made = network(imported(defined(name)), {}, Facts(3, *facts))
        return CustomEstimator(name, task, made, 3, ("a", "b", "c"))

    distant = untrained("loops.Distant", "classification", 3, True)
    assert distant.extra_outputs == ("score",)
    powers = np.exp(distant.extra("score", rows))
    shares = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(distant.probabilities(rows), shares, atol=1e-6)
    doubtful = untrained("loops.Doubtful", "regression", 1, False)
    assert doubtful.extra_outputs == ("deviation",)
    np.testing.assert_array_equal(doubtful.extra("deviation", rows), rows[:, 0] * 2)
    assert untrained("loops.Halved", "regression", 1, False).extra_outputs == ()
    with pytest.raises(StepError, match="no method `predict` of its own"):
        untrained("loops.Mute", "clustering", 3, False, False).predict(rows)
    line = np.outer(np.linspace(-1, 1, 90), (1, 2, -1)).astype(np.float32)
    unusual = fit(
        CustomTrainer(), "autoencoders.Unusual", dataset(line), "outliers", {"limit": 0.3},
        labels=0, settings={"epoch": 25, "batch_size": 10},
    )  # fmt: skip
    assert (unusual.predict(line) == 1).all()
    assert unusual.extra("score", line).shape == (90,)
    assert unusual.predict(np.array([[1, -2, 1]], np.float32)).tolist() == [-1]
