"""The tables in docs/language.md that say what there is: functions, models, attributes, metrics."""

from collections.abc import Iterable, Iterator

from sqlml.zoo import MODELS
from sqlml.zoo.attributes import Attribute, Dictionary, WithoutEffect
from sqlml.zoo.features import FEATURES
from sqlml.zoo.measures.catalog import METRICS
from sqlml.zoo.metrics import defaults_for, loss_for, names_for
from sqlml.zoo.models import find_model
from sqlml.zoo.models.documentation import MOST_MODELS_IN_DETAIL, TITLES, cells, is_offered, table
from sqlml.zoo.settings import STATEMENTS


def functions() -> str:
    """Every COLUMN function, as it is written."""
    found = map(FEATURES.load, FEATURES)
    return table(("function", "gives"), ((f"`{one.usage}`", one.doc) for one in found))


def models() -> str:
    """The models of each family; of a large one, how many there are."""
    rows = []
    for family in MODELS:
        names = MODELS.load(family).names()
        short = [f"`{name.partition('.')[2]}`" for name in names]
        if len(names) > MOST_MODELS_IN_DETAIL:
            short = [f"{len(names)} estimators: `{names[0]}`, or `{names[0].rpartition('.')[2]}` …"]
        if names:  # users' own models depend on their folders
            rows.append((TITLES[family], f"`{family}.`", ", ".join(short)))
    return table(("family", "in front", "models"), rows)


def attributes() -> str:
    """The attributes that mean the same for several models, and those of each statement."""
    rows = []
    for space, attribute, defaults, owners in (*_of_trainings(), *_of_statements()):
        names, takes, default = cells(attribute)
        others = " ".join(f"`{other}`" for other in defaults)
        rows.append((names.replace("`", f"`{space}.", 1), takes, others or default, owners))
    return table(("attribute", "takes", "default", "for"), rows)


def metrics() -> str:
    """The metrics of each task: those that are measured anyway, the loss, and all others."""
    tasks = dict.fromkeys(task for metric in METRICS.values() for task in metric.tasks)
    rows = []
    for task in tasks:
        usual = defaults_for(task)
        others = (name for name in names_for(task) if name not in usual)
        loss = loss_for(task)
        rows.append((task, _quoted(usual), f"`{loss}`" if loss else "NULL", _quoted(others)))
    return table(("task", "measured anyway", "`loss`", "further ones"), rows)


_Row = tuple[str, Attribute, Iterable[object], str]
"""A namespace, an attribute of it, its defaults where models differ in it, and whose it is."""


def _of_trainings() -> Iterator[_Row]:
    known: dict[str, Attribute] = {}
    families: dict[str, dict[str, None]] = {}
    defaults: dict[str, dict[object, None]] = {}
    for family in MODELS:
        for model in filter(None, map(find_model, MODELS.load(family).names())):
            for attribute in _offered(model.settings):
                name = known.setdefault(attribute.name, attribute).name
                families.setdefault(name, {})[TITLES[family]] = None
                if attribute.default is not None:
                    defaults.setdefault(name, {})[attribute.default] = None
    for name, attribute in known.items():
        differing = defaults.get(name, {})
        yield "train", attribute, differing if len(differing) > 1 else (), ", ".join(families[name])
    for space, dictionary in STATEMENTS["train"].items():
        for attribute in _offered(dictionary):
            yield space, attribute, (), "all models"


def _of_statements() -> Iterator[_Row]:
    owners: dict[tuple[str, str], list[str]] = {}
    known: dict[tuple[str, str], Attribute] = {}
    for statement, spaces in STATEMENTS.items():
        for space, dictionary in spaces.items():
            for attribute in _offered(dictionary) if statement != "train" else ():
                owners.setdefault((space, attribute.name), []).append(f"TO {statement.upper()}")
                known[space, attribute.name] = attribute
    for (space, name), attribute in known.items():
        yield space, attribute, (), ", ".join(owners[space, name])


def _offered(dictionary: Dictionary) -> Iterator[Attribute]:
    for attribute in dictionary.values():
        if is_offered(attribute) and not isinstance(attribute, WithoutEffect):
            yield attribute


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
