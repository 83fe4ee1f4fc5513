"""What models there are and what they take: the page docs/models.md, and `sqlml help MODEL`."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlml.errors import Diagnostic, ProgramError
from sqlml.zoo import MODELS
from sqlml.zoo.attributes import Attribute, Dictionary, written
from sqlml.zoo.inspection_settings import CHECK, EVALUATE, EXPLAIN
from sqlml.zoo.measures.catalog import METRICS
from sqlml.zoo.model import ModelType
from sqlml.zoo.models import find_model, nearest_model
from sqlml.zoo.settings import PREDICT, STATEMENTS, TUNE, VALIDATION

MOST_MODELS_IN_DETAIL = 20

TITLES: Mapping[str, str] = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "boosted_trees": "TensorFlow's boosted trees",
    "sklearn": "scikit-learn",
    "keras": "TensorFlow (Keras)",
    "graph": "Graphs",
    "scorecard": "Score cards",
    "statsmodels": "Time series (statsmodels)",
    "auto": "The best of several families",
}

INTRODUCTION = """\
# Models

This page is generated from the dictionaries that programs are checked against: `make docs` writes
it. `sqlml help MODEL` shows the same for one model.

A model is written after `TO TRAIN`, in any case. Its parameters stand in `WITH` as `model.<name>`;
for XGBoost and LightGBM `<name>` alone will do. Ranges: `[` and `]` include the end, `(` and `)` do
not.
"""

SHORT_NAMES = """\
The short name will do: `KMeans` is `sklearn.cluster.KMeans`. NULL: rows may hold missing values.
weight: `train.weight` is understood. The parameters are those of scikit-learn, named alike:
`sqlml help KMeans` lists them with types, ranges and defaults.
"""

NOT_OFFERED = """\
### Not offered

What scikit-learn has and `TO TRAIN` does not take:
"""


def models_page() -> str:
    """docs/models.md."""
    parts = [INTRODUCTION]
    for family in MODELS:
        models = [model for model in map(find_model, _names_of(family)) if model is not None]
        if not models:  # which depends on the folders of a user
            continue
        parts.append(f"## {TITLES.get(family, family)}\n")
        parts.append(_table_of_models(models))
        if len(models) <= MOST_MODELS_IN_DETAIL:
            parts += _attributes_of(models)
        else:
            parts += _attributes_of_many(models)
        if family == "sklearn":
            parts += [NOT_OFFERED, _not_offered()]
    parts += ["## Attributes of every model\n"]
    for namespace, dictionary in (
        ("validation", VALIDATION),
        ("tune", TUNE),
        ("predict", PREDICT),
        ("evaluate", EVALUATE),
        ("explain", EXPLAIN),
        ("check", CHECK),
    ):
        parts += [f"### `{namespace}.*`\n", _table_of_attributes(dictionary.values())]
    parts += ["## Metrics\n", _table_of_metrics()]
    return "\n".join(parts)


def model_help(name: str) -> str:
    """Everything a model takes, as text for a terminal.

    Raises:
        ProgramError: there is no such model; the hint names the nearest one.
    """
    model = find_model(name)
    if model is None:
        close = nearest_model(name)
        hint = f"did you mean `{close}`?" if close else "sqlml help xgboost.gbtree is a beginning"
        raise ProgramError(Diagnostic("E0201", f"there is no model `{name}`", hint=hint))
    lines = [f"{model.name}   {_task(model)}", model.doc, "", *_facts(model)]
    for title, prefix, dictionary in (
        ("Parameters", "model.", model.parameters),
        *((name.capitalize(), f"{name}.", known) for name, known in _own_namespaces(model)),
        ("Training", "train.", model.settings),
        ("Validation", "validation.", VALIDATION),
        ("Search", "tune.", TUNE),
    ):
        shown = [attribute for attribute in dictionary.values() if is_offered(attribute)]
        if shown:
            lines += ["", title]
            lines += [line for attribute in shown for line in _help_lines(prefix, attribute)]
    return "\n".join(lines)


def _own_namespaces(model: ModelType) -> Iterator[tuple[str, Dictionary]]:
    """The attributes of a model's own namespaces, such as `optimizer`."""
    for name, dictionary in model.namespaces.items():
        if name not in STATEMENTS["train"]:
            yield name, dictionary


def _names_of(family: str) -> tuple[str, ...]:
    return MODELS.load(family).names()


def _task(model: ModelType) -> str:
    return model.task or "classification, regression or ranking, as the label and objective say"


def _facts(model: ModelType) -> Iterator[str]:
    native = model.categories == "native"
    yield f"  categories   {'as they are' if native else 'one 0/1 column each'}"
    yield f"  NULL         {'missing' if model.missing else 'an error, unless IMPUTE is used'}"
    if model.multilabel:
        yield "  labels       one or several"


def _help_lines(prefix: str, attribute: Attribute) -> Iterator[str]:
    aliases = f"   also {', '.join(attribute.aliases)}" if attribute.aliases else ""
    yield f"  {prefix}{attribute.name}{default_of(attribute, '   default {}')}{aliases}"
    yield f"      {_takes(attribute).replace('`', '')}"
    yield f"      {attribute.doc}"


def _table_of_models(models: Sequence[ModelType]) -> str:
    head = ("model", "task", "NULL", "weight", "what it is")
    return table(head, map(_row_of_model, models))


def _row_of_model(model: ModelType) -> tuple[str, ...]:
    marks = ("yes" if holds else "" for holds in (model.missing, "weight" in model.settings))
    return (f"`{model.name}`", model.task or "as the label says", *marks, model.doc)


def _attributes_of(models: Sequence[ModelType]) -> Iterator[str]:
    """The parameters of a few models in one table that says which have which."""
    owners: dict[str, list[ModelType]] = {}
    for model in models:
        for name, attribute in model.parameters.items():
            if is_offered(attribute):
                owners.setdefault(name, []).append(model)
    rows = []
    for name, having in owners.items():
        widest = max((model.parameters[name] for model in having), key=lambda a: len(a.choices))
        only = "" if len(having) == len(models) else _only(having, models)
        rows.append((*cells(widest), f"{widest.doc}{only}"))
    yield "### `model.*`\n"
    yield table(("name", "takes", "default", "meaning"), rows)
    own: dict[str, Dictionary] = {}
    for namespace, dictionary in (found for model in models for found in _own_namespaces(model)):
        own[namespace] = own.get(namespace, Dictionary(())).merge(dictionary)
    for namespace, dictionary in own.items():
        yield f"### `{namespace}.*`\n"
        yield _table_of_attributes(dictionary.values())
    settings = Dictionary(a for model in models for a in model.settings.values())
    yield "### `train.*`\n"
    yield _table_of_attributes(settings.values())


def _only(having: Sequence[ModelType], models: Sequence[ModelType]) -> str:
    """Which models have a parameter, or have not, whichever is shorter."""
    lacking = [model for model in models if model not in having]
    word, named = ("Not", lacking) if len(lacking) < len(having) else ("Only", having)
    names = [f"`{model.name.partition('.')[2]}`" for model in named]
    return f" {word}: {', '.join(names)}."


def _attributes_of_many(models: Sequence[ModelType]) -> Iterator[str]:
    settings = Dictionary(a for model in models for a in model.settings.values())
    yield SHORT_NAMES
    yield "### `train.*`\n"
    yield _table_of_attributes(settings.values())


def _not_offered() -> str:
    from sqlml.zoo.models.dictionaries.sklearn_estimators import EXCLUDED

    by_reason: dict[str, list[str]] = {}
    for name, reason in EXCLUDED.items():
        by_reason.setdefault(reason, []).append(f"`{name}`")
    rows = [(", ".join(names), reason) for reason, names in by_reason.items()]
    return table(("estimators", "why"), rows)


def _table_of_attributes(attributes: Iterable[Attribute]) -> str:
    rows = [(*cells(attribute), attribute.doc) for attribute in attributes]
    return table(("name", "takes", "default", "meaning"), rows)


def cells(attribute: Attribute) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`" for name in (attribute.name, *attribute.aliases))
    return names, _takes(attribute), default_of(attribute, "`{}`")


def _takes(attribute: Attribute) -> str:
    """What an attribute takes; where that is any metric, the names have a table of their own."""
    if attribute.choices == VALIDATION["metrics"].choices:
        return "a metric's name" + (", or a list of names" if attribute.several else "")
    return attribute.describe(most_choices=sys.maxsize)


def _table_of_metrics() -> str:
    rows = [
        (f"`{m.name}`", ", ".join(m.tasks), ", ".join(f"`{alias}`" for alias in m.aliases))
        for m in METRICS.values()
    ]
    return "Names are known in any case, with or without `_score`.\n\n" + table(
        ("metric", "for", "other names"), rows
    )


def default_of(attribute: Attribute, form: str) -> str:
    return "" if attribute.default is None else form.format(written(attribute.default))


def is_offered(attribute: Attribute) -> bool:
    """Not one of the names that are known only to say what to write instead."""
    return bool(attribute.kinds or attribute.choices)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in r) + " |" for r in lines) + "\n"
    )
