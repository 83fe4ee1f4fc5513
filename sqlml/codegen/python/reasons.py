"""The lines of a plain script that explain a booster."""

from collections.abc import Iterator, Sequence

from sqlml.codegen.python.features import Columns

_XGBOOST = (
    "data = xgb.DMatrix(matrix, feature_types={model}.feature_types, enable_categorical=True)",
    "values = {model}.predict(data, pred_contribs=True, strict_shape=True)",
)
_LIGHTGBM = (
    "values = {model}.predict(matrix, pred_contrib=True)",
    "values = values.reshape(len(matrix), -1, matrix.shape[1] + 1)",
)
_XGBOOST_GAINS = (
    "splits, gains = ({model}.get_score(importance_type=kind) for kind in ('weight', 'gain'))",
    "places = [(name, f'f{{place}}') for place, name in enumerate(names)]",
    "found = [(name, splits[place], gains[place]) for name, place in places if place in splits]",
)
_LIGHTGBM_GAINS = (
    "splits, gains = ({model}.feature_importance(kind) for kind in ('split', 'gain'))",
    "found = [(name, n, gain / n) for name, n, gain in zip(names, splits, gains) if n]",
)


def names_line(features: Sequence[Columns]) -> str:
    return f"names = [{', '.join(one.names for one in features)}]"


def shap_lines(model: str, family: str, keys: Sequence[str]) -> Iterator[str]:
    """`table`: the keys of `rows`, and the SHAP values of each. model: its variable."""
    yield f"matrix = {model}_features(rows)"
    for line in _XGBOOST if family == "xgboost" else _LIGHTGBM:
        yield line.format(model=model)
    yield f"table = with_reasons(rows.select({[*keys]!r}), values, names, {model}_classes)"


def gain_lines(model: str, family: str) -> Iterator[str]:
    """`table`: how often each feature splits, and what that gains on average, best first."""
    for line in _XGBOOST_GAINS if family == "xgboost" else _LIGHTGBM_GAINS:
        yield line.format(model=model)
    yield "found = sorted(found, key=lambda one: -one[2])"
    yield "table = pa.table({"
    yield '    "feature": pa.array([name for name, _, _ in found], pa.string()),'
    yield '    "fscore": pa.array([splits for _, splits, _ in found], pa.float64()),'
    yield '    "gain": pa.array([gain for _, _, gain in found], pa.float64()),'
    yield "})"
