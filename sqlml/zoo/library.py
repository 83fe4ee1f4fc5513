"""Libraries whose versions change what a step gives; nothing is imported to know these."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Library:
    """module: as it is imported. distributions: what it may be installed as, if not so called."""

    module: str
    distributions: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """What is installed; empty where nothing is."""
        return next(filter(None, map(_version, self.distributions or (self.module,))), "")


DUCKDB = Library("duckdb")
KERAS = Library("keras")
MATPLOTLIB = Library("matplotlib")
OPTUNA = Library("optuna")
NUMPY = Library("numpy")
SCIPY = Library("scipy")
SHAP = Library("shap")
SKLEARN = Library("sklearn", ("scikit-learn",))
STATSMODELS = Library("statsmodels")
TENSORFLOW = Library("tensorflow", ("tensorflow", "tensorflow-cpu"))
XGBOOST = Library("xgboost", ("xgboost-cpu", "xgboost"))


_KNOWN = {one.module: one for one in (SKLEARN, TENSORFLOW, XGBOOST)}


def library_of(module: str) -> Library:
    """The library that an import of `module` is of."""
    name = module.partition(".")[0]
    return _KNOWN.get(name, Library(name))


@cache
def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
