"""Fits and loads the users' own models."""

import importlib.util
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob
from sqlml.zoo.models import custom_image, custom_state
from sqlml.zoo.models.custom_network import Loader, network, network_facts
from sqlml.zoo.models.custom_source import SEEDS, Definition
from sqlml.zoo.models.sklearn_estimator import SklearnEstimator, load_with
from sqlml.zoo.models.sklearn_trainer import background

SOURCE, DIGEST = "source.py", "source.sha256"
Background = NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class CustomEstimator(SklearnEstimator):
    """A fitted estimator of the user's. What its code raises is told with its place."""

    def save(self, folder: Path) -> None:
        source = defined(self.name)
        self.save_facts(folder)
        with told(source):
            custom_state.save(self.fitted, folder, source.name)
        shutil.copyfile(source.path, folder / SOURCE)
        (folder / DIGEST).write_text(source.digest, encoding="utf-8")

    def predict(self, matrix: Any) -> NDArray[Any]:
        with told(defined(self.name)):
            found = SklearnEstimator.predict(self, matrix)
        if len(found) != matrix.shape[0]:
            raise _problem(
                "E0634",
                f"`{self.name}` gave {len(found):,} results for {matrix.shape[0]:,} rows",
                "`predict` gives one result per row of the matrix",
                "using",
            )
        return found

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        with told(defined(self.name)):
            return SklearnEstimator.probabilities(self, matrix)


class CustomTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> CustomEstimator:
        """Fit a class on all rows at once, a Keras model batch by batch.

        Raises:
            StepError: E0632, the class raises.
        """
        source = defined(job.model)
        np.random.seed(job.seed)  # which the user's code may draw from
        with told(source):
            fitted, drawn = (_network if source.is_network else _estimator)(source, job)
        names = tuple(job.train.names)
        return CustomEstimator(job.model, job.task, fitted, job.classes, names, drawn)

    def load(self, folder: Path) -> CustomEstimator:
        """The estimator saved in `folder`, by the code of the zoo folder, never by a stored copy.

        Raises:
            StepError: E0427, E0633: the zoo folder does not have that code, or other code.
        """

        def restored(name: str) -> Any:
            source = defined(name)
            if source.digest != (folder / DIGEST).read_text(encoding="utf-8"):
                raise _problem(
                    "E0633",
                    f"`{source.path}` has changed since the model was trained",
                    f"train it again, or put the file back: `{folder / SOURCE}` is a copy",
                    "using",
                )
            with told(source):
                kind = Loader(imported(source)) if source.is_network else imported(source)
                return custom_state.load(kind, folder)

        return load_with(CustomEstimator, folder, restored)


def defined(name: str) -> Definition:
    """The model of that name in the zoo folders.

    Raises:
        StepError: E0427, there is none.
    """
    found = custom_image.find(name)
    if found is None:
        raise _problem(
            "E0427",
            f"there is no model type `{name}` here",
            "name the folder that has it: `--zoo DIR`, or `zoo` in sqlml.toml",
            "using",
        )
    return found


def imported(source: Definition) -> Any:
    """The class, its file run; a module beside it can be imported by its name."""
    if source.is_network:
        import_module("sqlml.zoo.models.keras_library")  # sets Keras up before the user loads it
    name = f"sqlml_zoo_{source.digest[:8]}.{source.module}"
    module = sys.modules.get(name) or _run(name, source)
    return getattr(module, source.name.rpartition(".")[2])


def _run(name: str, source: Definition) -> ModuleType:
    folders = [str(source.path.parent)] if source.path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        name, source.path, submodule_search_locations=folders
    )
    assert spec is not None
    assert spec.loader is not None
    zoo = str(source.path.parents[source.module.count(".") + bool(folders)])
    if zoo not in sys.path:
        sys.path.append(zoo)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _network(source: Definition, job: FitJob) -> tuple[Any, Background]:
    given = {name: _listed(value) for name, value in job.parameters.items()}
    made = network(imported(source), given, network_facts(job), job)
    return made, made.train(job)


def _estimator(source: Definition, job: FitJob) -> tuple[Any, Background]:
    """The class, fitted with the seed where it takes `seed` or `random_state`."""
    kind = imported(source)
    batch = job.train.whole()
    matrix = batch.matrix.toarray() if hasattr(batch.matrix, "toarray") else batch.matrix
    label = () if batch.label is None else (batch.label,)
    weight = {} if batch.weight is None else {"sample_weight": batch.weight}
    fitted = kind(**_seeded(kind, job))
    fitted.fit(matrix, *label, **weight)
    return fitted, background(replace(batch, matrix=matrix), job)


def _seeded(kind: Any, job: FitJob) -> dict[str, Any]:
    """The class' arguments; it gets the seed where it takes one that was not given."""
    given = {name: _listed(value) for name, value in job.parameters.items()}
    for name in SEEDS:
        if name in signature(kind).parameters and given.get(name) is None:
            given[name] = job.seed
    return given


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


@contextmanager
def told(source: Definition) -> Iterator[None]:
    """What the user's code raises becomes an error that tells where, in their file.

    Raises:
        StepError: E0632.
    """
    try:
        yield
    except StepError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if frame.filename == str(source.path)]
        place = f" in line {inside[-1].lineno} of `{source.path}`" if inside else ""
        reason = " ".join(str(error).split()) or "no message"
        raise _problem(
            "E0632",
            f"`{source.name}` fails{place}: {type(error).__name__}: {reason}",
            "mend the class; `sqlml log RUN` keeps what it printed",
            "model",
        ) from error


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))
