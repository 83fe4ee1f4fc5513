"""Models in Python files of a zoo folder: found and read as text, without being run."""

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast, get_args

from sqlml.config import current
from sqlml.errors import Diagnostic, ProgramError
from sqlml.zoo.attributes import Attribute, Kind, Value
from sqlml.zoo.library import Library, library_of
from sqlml.zoo.model import Task

GIVEN = ("inputs", "outputs")  # what a Keras model is told: how many features, how many results
SEEDS = ("random_state", "seed")  # that get `train.seed`
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "int": ("integer",),
    "float": ("number",),
    "bool": ("boolean",),
    "str": ("text",),
    "list": ("list",),
    "tuple": ("list",),
    "Sequence": ("list",),
}
_TASK_OF_BASE: Mapping[str, Task] = {
    "ClassifierMixin": "classification",
    "RegressorMixin": "regression",
    "ClusterMixin": "clustering",
    "TransformerMixin": "transformation",
    "OutlierMixin": "outliers",
    "DensityMixin": "density",
}
_DOCUMENTED = re.compile(r"^\s*(\w+)\s*(?:\([^)]*\))?\s*:\s+(.*)$")


@dataclass(frozen=True, slots=True)
class Definition:
    """A class with `fit`, or a Keras model: a class of them, or a function that gives one.

    name: `module.Class`. digest: of the text of the file. libraries: that the file imports.
    image: the container image in whose zoo folder it is.
    """

    name: str
    path: Path
    parameters: tuple[Attribute, ...]
    task: Task | None
    is_weighted: bool
    doc: str
    digest: str
    is_network: bool = False
    libraries: tuple[Library, ...] = ()
    image: str = ""

    @property
    def full_name(self) -> str:
        """As a program writes it."""
        return f"{self.image}/{self.name}" if self.image else self.name

    @property
    def module(self) -> str:
        return self.name.rpartition(".")[0]


def folders() -> tuple[Path, ...]:
    """The zoo folders, in the order in which they are searched."""
    return tuple(Path(folder) for folder in current().zoo.split(os.pathsep) if folder)


def state() -> str:
    """A digest of which Python files the folders hold, and of when each was changed."""
    paths = sorted(path for folder in folders() for path in folder.rglob("*.py"))
    changed = "".join(f"{path} {path.stat().st_mtime_ns}\n" for path in paths)
    return hashlib.sha256(changed.encode()).hexdigest() if paths else ""


def find(name: str, places: Sequence[Path] | None = None) -> Definition | None:
    """The model `module.Class` of the first folder that has such a module.

    places: the folders to search, by default the zoo folders; so for `names`.
    """
    module, _, wanted = name.rpartition(".")
    if not module.replace(".", "_").isidentifier():
        return None
    for folder in folders() if places is None else places:
        path = _file(folder, module)
        if path is not None:
            found = {one.name: one for one in _read(module, path, path.stat().st_mtime_ns)}
            return found.get(f"{module}.{wanted}")
    return None


def names(places: Sequence[Path] | None = None) -> tuple[str, ...]:
    """All models of all folders; files that cannot be read have none."""
    searched = folders() if places is None else places
    return tuple(dict.fromkeys(name for folder in searched for name in _names_in(folder)))


def _names_in(folder: Path) -> Iterator[str]:
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
        module = path.parent.name if path.name == "__init__.py" else path.stem
        try:
            yield from (one.name for one in _read(module, path, path.stat().st_mtime_ns))
        except ProgramError:
            continue


def _file(folder: Path, module: str) -> Path | None:
    path = folder.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@lru_cache(maxsize=256)
def _read(module: str, path: Path, changed: int) -> tuple[Definition, ...]:
    """The models of a file. changed: when it was, so that it is read again after that.

    Raises:
        ProgramError: E0630, it is no Python.
    """
    del changed
    content = path.read_bytes()
    try:
        tree = ast.parse(content, str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ProgramError(
            Diagnostic(
                "E0630",
                f"`{path}` is no Python: {getattr(error, 'msg', error)} in line {line}",
                hint="mend the file; `python FILE` tells the same",
            )
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    found = (_defined(module, path, digest, node) for node in tree.body)
    libraries = tuple(dict.fromkeys(_imported(tree)))
    return tuple(replace(one, libraries=libraries) for one in found if one is not None)


def _imported(tree: ast.Module) -> Iterator[Library]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        found = map(library_of, modules)
        yield from (one for one in found if one.module not in sys.stdlib_module_names)


def _defined(module: str, path: Path, digest: str, node: ast.stmt) -> Definition | None:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) if name.startswith("_"):
            return None
        case ast.ClassDef() if "fit" in _methods(node):
            return _definition(module, path, digest, node)
        case ast.ClassDef() if any(map(_is_model, node.bases)):
            made = _methods(node).get("__init__")
            given = None if made is None else made.args
            told = made and ast.get_docstring(made)
            return _network(f"{module}.{node.name}", path, digest, (node, given, told or ""))
        case ast.FunctionDef() if node.returns is not None and _is_model(node.returns):
            return _network(f"{module}.{node.name}", path, digest, (node, node.args, ""))
        case _:
            return None


def _is_model(name: ast.expr) -> bool:
    """Whether a name is that of Keras' models: `keras.Model`, `tf.keras.Model`, `Model`."""
    return ast.unparse(name).strip("'\"").rpartition(".")[2] in ("Model", "Sequential")


def _network(
    name: str,
    path: Path,
    digest: str,
    of: tuple[ast.ClassDef | ast.FunctionDef, ast.arguments | None, str],
) -> Definition:
    """A Keras model. of: its node, what it is called with, and more of its documentation."""
    node, given, told = of
    doc = ast.get_docstring(node) or ""
    is_class = isinstance(node, ast.ClassDef)
    parameters = (
        () if given is None else _parameters(given, _documented(f"{doc}\n{told}"), is_class)
    )
    return Definition(
        name,
        path,
        tuple(one for one in parameters if one.name not in GIVEN),
        _task(node) if isinstance(node, ast.ClassDef) else None,
        True,
        doc.partition("\n")[0],
        digest,
        is_network=True,
    )


def _definition(module: str, path: Path, digest: str, node: ast.ClassDef) -> Definition:
    methods = _methods(node)
    doc = ast.get_docstring(node) or ""
    made = methods.get("__init__")
    told = doc if made is None else f"{doc}\n{ast.get_docstring(made) or ''}"
    fit = methods["fit"].args
    return Definition(
        f"{module}.{node.name}",
        path,
        () if made is None else tuple(_parameters(made.args, _documented(told))),
        _task(node),
        any(one.arg == "sample_weight" for one in (*fit.args, *fit.kwonlyargs)),
        doc.partition("\n")[0],
        digest,
    )


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}


def _task(node: ast.ClassDef) -> Task | None:
    """What the class says its `task` is, or what scikit-learn's base classes say."""
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="task")], value=ast.Constant(value=str(task)))
                | ast.AnnAssign(target=ast.Name(id="task"), value=ast.Constant(value=str(task)))
            ) if task in get_args(Task):
                return cast("Task", task)
    bases = (ast.unparse(base).rpartition(".")[2] for base in node.bases)
    return next((_TASK_OF_BASE[base] for base in bases if base in _TASK_OF_BASE), None)


def _documented(doc: str) -> Mapping[str, str]:
    """What a docstring says of each parameter, in Google's style or NumPy's."""
    lines = doc.splitlines()
    found = {}
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        written = _DOCUMENTED.match(line)
        if written is None:
            continue
        numpy_style = following.startswith("    ") and not _DOCUMENTED.match(following)
        found[written[1]] = following.strip() if numpy_style else written[2].strip()
    return found


def _parameters(
    given: ast.arguments, documented: Mapping[str, str], is_method: bool = True
) -> Iterator[Attribute]:
    positional = [*given.posonlyargs, *given.args][int(is_method) :]  # without self
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    both = [*zip(positional, defaults, strict=True)]
    both += zip(given.kwonlyargs, given.kw_defaults, strict=True)
    for one, default in both:
        yield _attribute(one, default, documented.get(one.arg, ""))


def _attribute(given: ast.arg, default: ast.expr | None, doc: str) -> Attribute:
    value = _literal(default)
    kinds, choices = _annotated(given.annotation, value)
    if default is not None and value is None and None not in choices:
        choices = (*choices, None)
    required = default is None and given.arg not in SEEDS
    doc = doc or "No description."
    return Attribute(given.arg, kinds, value, doc, choices=choices, required=required)


def _annotated(
    annotation: ast.expr | None, default: Value
) -> tuple[tuple[Kind, ...], tuple[Value, ...]]:
    """The kinds and the choices of an annotation; without one, those of the default's type."""
    if annotation is None:
        named = [] if default is None else [type(default).__name__]
        return tuple(kind for name in named for kind in _KINDS.get(name, ())) or ("any",), ()
    kinds: dict[Kind, None] = {}
    choices: list[Value] = []
    for part in re.split(r"\s*\|\s*", _unwrapped(ast.unparse(annotation))):
        name, bracket, inside = part.partition("[")
        short = name.rpartition(".")[2]
        if short == "None":
            choices.append(None)
        elif short == "Literal" and bracket:
            choices += ast.literal_eval(f"({inside.removesuffix(']')},)")
        else:
            kinds.update(dict.fromkeys(_KINDS.get(short, ("any",))))
    return tuple(kinds), tuple(choices)


def _unwrapped(annotation: str) -> str:
    """`Optional[int]` as `int | None`; an annotation in quotes without them."""
    plain = annotation.strip("'\"")
    optional = re.fullmatch(r"(?:\w+\.)?Optional\[(.*)\]", plain)
    return f"{optional[1]} | None" if optional else plain


def _literal(default: ast.expr | None) -> Value:
    try:
        return None if default is None else _frozen(ast.literal_eval(default))
    except ValueError:
        return None


def _frozen(value: object) -> Value:
    if isinstance(value, tuple | list):
        return tuple(_frozen(item) for item in value)
    return value if isinstance(value, str | int | float | bool) else None
