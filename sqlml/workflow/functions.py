"""The text of a Python function, as a script that runs by itself."""

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from sqlml.workflow.ir import ValueType
from sqlml.workflow.places import fault

_RETURNS = (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)
_OTHER_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def script_of(function: Callable[..., Any], are_text: Sequence[bool]) -> str:
    """What the function does, without its definition; with arguments, also the call.

    are_text: for each argument, whether the script is given it as text; otherwise as JSON.

    Raises:
        ProgramError: its text is not at hand, or it uses what lies outside of it.
    """
    _check_alone(function)
    definition, text = _definition(function)
    if isinstance(definition, ast.Lambda):
        if are_text:
            raise fault("E0735", "a lambda cannot be given arguments here", "write it with `def`")
        return f"{ast.unparse(definition.body)}\n"
    if not are_text and not _needs_call(definition):
        return _body(definition, text)
    return _with_call(definition.name, _whole(definition, text), are_text)


def program_of(
    function: Callable[..., Any], are_text: Sequence[bool], *, prints: ValueType | None
) -> str:
    """A script that calls the function. are_text: as for `script_of`.

    prints: the type of what the function returns, which is all that goes to standard output; what
    the function itself prints goes to standard error. None: it returns nothing.

    Raises:
        ProgramError: its text is not at hand, or it uses what lies outside of it.
    """
    _check_alone(function)
    definition, text = _definition(function)
    if isinstance(definition, ast.Lambda):
        raise fault("E0735", "a lambda cannot be a step", "write it with `def`")
    whole = _whole(definition, text).rstrip()
    return _program(Called(definition.name, whole, tuple(are_text)), prints)


@dataclass(frozen=True, slots=True)
class Called:
    """A function that a script calls. text: its definition. are_text: as for `script_of`."""

    name: str
    text: str
    are_text: tuple[bool, ...]


def function_in(source: str) -> Called | None:
    """The function that a script by `program_of` calls; None for any other script."""
    if not source.startswith("\n".join(_HEAD)):
        return None
    parsed = [*_parsed(source)]
    kinds: tuple[ValueType | None, ...] = (None, "text", "json")
    for definition in (one for one in parsed if isinstance(one, ast.FunctionDef)):
        text = ast.get_source_segment(source, definition) or ""
        for call in (one for one in parsed if isinstance(one, ast.Call)):
            are_text = tuple(isinstance(given, ast.Subscript) for given in call.args)
            found = Called(definition.name, text, are_text)
            if any(_program(found, prints) == source for prints in kinds):
                return found
    return None


_HEAD = ("from __future__ import annotations", "", "import json", "import os", "import sys")


def _program(called: Called, prints: ValueType | None) -> str:
    """The function may have the name of what the script calls besides, which then has another."""
    aside, quiet, show, json = (
        _beside(called.name, name) for name in ("sys", "redirect_stdout", "print", "json")
    )
    call = f"{called.name}({', '.join(_given(called.are_text, called.name))})"
    head = [_imported(called.name, line) for line in (*_HEAD, _QUIET)]
    if called.name == "print":
        head.append("from builtins import print as step_print")
    if prints is None:
        head.remove(_imported(called.name, _QUIET))
        return "\n".join([*head, "", "", called.text, "", "", call, ""])
    return "\n".join(
        [*head, "", "", called.text, "", "", f"with {quiet}({aside}.stderr):",
         f"    result = {call}",
         f"{show}(result)" if prints == "text" else f"{show}({json}.dumps(result))", ""]
    )  # fmt: skip


_QUIET = "from contextlib import redirect_stdout"


def _imported(function: str, line: str) -> str:
    """The import under the name by which the script calls it."""
    name = line.rpartition(" ")[2]
    return line if name != function else f"{line} as {_beside(function, name)}"


def _beside(function: str, name: str) -> str:
    """What a script calls something by whose name the function may have."""
    return f"step_{name}" if name == function else name


def _whole(definition: ast.FunctionDef, text: str) -> str:
    definition.decorator_list = []
    if definition.args.kwonlyargs:
        _take_by_position(definition.args)
        return ast.unparse(definition)
    moved = textwrap.dedent(ast.get_source_segment(text, definition, padded=True) or "")
    return moved if moved[:4] == "def " else ast.unparse(definition)


def _take_by_position(arguments: ast.arguments) -> None:
    """Let those that are taken by name alone be taken by position too, as scripts give them."""
    own, named = [*arguments.posonlyargs, *arguments.args], arguments.kwonlyargs
    defaults = [None] * (len(own) - len(arguments.defaults)) + [*arguments.defaults]
    defaults += arguments.kw_defaults
    first = next((i for i, default in enumerate(defaults) if default), len(defaults))
    arguments.args += named
    arguments.defaults = [default or ast.Constant(None) for default in defaults[first:]]
    arguments.kwonlyargs, arguments.kw_defaults = [], []


def argument(position: int) -> str:
    """The variable in which a function finds an argument; engines differ in a script's own."""
    return f"ARGUMENT_{position}"


def parameters_of(function: Callable[..., Any], count: int) -> bool:
    """Whether the function takes parameters, and so many arguments; one without is not called.

    Raises:
        ProgramError: it takes others.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        if not signature.parameters:
            return False
        name = getattr(function, "__name__", "the function")
        raise fault(
            "E0735",
            f"`{name}{signature}` cannot be called with the {count} given arguments",
            "give `args` a value for each of its parameters",
        ) from error
    return count > 0


def _with_call(name: str, definition: str, are_text: Sequence[bool]) -> str:
    imports = [
        *([_imported(name, "import json")] if not all(are_text) else []),
        *([_imported(name, "import os")] if are_text else []),
    ]
    return "\n".join([*imports, definition, f"{name}({', '.join(_given(are_text, name))})", ""])


def _given(are_text: Sequence[bool], function: str) -> list[str]:
    """What reads the arguments of the function."""
    os, json = _beside(function, "os"), _beside(function, "json")
    words = [f'{os}.environ["{argument(i)}"]' for i in range(len(are_text))]
    return [
        w if is_text else f"{json}.loads({w})" for w, is_text in zip(words, are_text, strict=True)
    ]


def _definition(function: Callable[..., Any]) -> tuple[ast.FunctionDef | ast.Lambda, str]:
    try:
        text = textwrap.dedent("".join(inspect.getsourcelines(function)[0]))
    except (OSError, TypeError) as error:
        hint = "write it in a file, or give the source as text"
        raise fault("E0735", f"the source of {function!r:.60} is not at hand", hint) from error
    if text[:1].isspace():  # a text in it goes to the left of it
        text = f"if True:\n{text}"
    name = getattr(function, "__name__", "")
    for candidate in _parsed(text):
        if isinstance(candidate, ast.FunctionDef) and candidate.name == name:
            return candidate, text
        if isinstance(candidate, ast.Lambda) and name == "<lambda>":
            return candidate, text
    raise fault("E0735", f"the source of `{name}` cannot be read by itself", "write it with `def`")


def _parsed(text: str) -> Iterator[ast.AST]:
    try:
        return ast.walk(ast.parse(text))
    except SyntaxError:  # the lambda's lines are a part of a longer expression
        return iter(())


def _body(definition: ast.FunctionDef, text: str) -> str:
    """The statements as they are written; written anew where their lines cannot be moved."""
    first, last = definition.body[0], definition.body[-1]
    decorators = getattr(first, "decorator_list", [])
    start = min([first.lineno, *(decorator.lineno for decorator in decorators)])
    lines = text.splitlines(keepends=True)[start - 1 : last.end_lineno]
    moved = textwrap.dedent("".join(lines)).rstrip() + "\n"
    if start > definition.lineno and not moved[:1].isspace():
        return moved
    return "".join(f"{ast.unparse(statement)}\n" for statement in definition.body)


def _needs_call(definition: ast.FunctionDef) -> bool:
    """Whether the body alone would be no program: it returns, or calls itself."""
    pending: list[ast.AST] = list(definition.body)
    while pending:
        node = pending.pop()
        if isinstance(node, _RETURNS):
            return True
        if isinstance(node, ast.Name) and node.id == definition.name:
            return True
        if not isinstance(node, _OTHER_SCOPES):
            pending += ast.iter_child_nodes(node)
    return False


def kind_fault(function: Callable[..., Any]) -> str:
    """Why to call a function does not do what it does; empty where it does."""
    name = getattr(function, "__name__", "the function")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return f"`{name}` yields values, and a step returns one"
    if inspect.iscoroutinefunction(function):
        return f"`{name}` is `async`, and a step is called as it is"
    return ""


def _check_alone(function: Callable[..., Any]) -> None:
    code = getattr(function, "__code__", None)
    if code is None:
        raise fault("E0735", f"{function!r:.60} is no function written in Python")
    if wrong := kind_fault(function):
        raise fault("E0735", wrong, "use `def` and `return`")
    outside = [*code.co_freevars, *_globals_of(code)]
    known = {*dir(builtins), code.co_name, "__name__", "__file__"}
    if used := [name for name in dict.fromkeys(outside) if name not in known]:
        names = ", ".join(f"`{name}`" for name in used)
        raise fault(
            "E0735",
            f"`{code.co_name}` uses {names}, which is outside of it: a step has its own text alone",
            "import and define inside of the function what it uses, or pass it by `args`",
        )


def _globals_of(code: CodeType) -> Iterator[str]:
    made = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_GLOBAL"}
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL" and instruction.argval not in made:
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(constant)
