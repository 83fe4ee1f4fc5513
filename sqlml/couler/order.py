"""Order by name: `dag` and `set_dependencies`."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlml.couler.conditions import called
from sqlml.couler.depends import in_argos_words, parse_depends
from sqlml.couler.flow import Flow, current
from sqlml.workflow.ir import After
from sqlml.workflow.places import fault, kebab


def dag(dependency_graph: Sequence[Sequence[Callable[[], Any]]]) -> None:
    """Write steps as edges: in each list, every function's steps come after those before it.

    A step that is said several times is one step.
    """
    if not isinstance(dependency_graph, list | tuple):
        raise fault(
            "E0730", f"`dag` takes a list of lists of functions, not {dependency_graph!r:.60}"
        )
    flow = current()
    with flow.undone_on_error():
        scope = _explicit(flow)
        scope.is_edge = True
        for edges in dependency_graph:
            scope.frontier, scope.family = (), None
            for function in edges if isinstance(edges, list | tuple) else [edges]:
                called(function, "what `dag` runs")
                scope.occurrences = Counter()
                function()
        scope.frontier, scope.family, scope.is_edge = (), None, False


def set_dependencies(
    step_function: Callable[[], Any], dependencies: Sequence[str] | str | None = None
) -> Any:
    """Write the steps of a function after others, which are named; gives what the function gives.

    dependencies: names of steps, whose outputs the step is passed as well, besides its arguments;
    or Argo's terms: `A.Succeeded && (B.Failed || B.Skipped)`.
    """
    called(step_function, "the first argument of `set_dependencies`")
    flow = current()
    with flow.undone_on_error():
        scope = _explicit(flow)
        guards = scope.guards
        scope.occurrences = Counter()
        if isinstance(dependencies, str):
            after, condition = parse_depends(dependencies)
            scope.frontier, scope.terms = after, (after, in_argos_words(dependencies))
            scope.guards = (*guards, *([condition] if condition else []))
        else:
            names = _names(dependencies)
            scope.frontier = tuple(After(name, "passed") for name in names)
            scope.passed_on = tuple(_passed_on(flow, names))
        given = step_function()
        scope.frontier, scope.family, scope.guards, scope.passed_on = (), None, guards, ()
        scope.terms = None
    return given


def _explicit(flow: Flow) -> Any:
    flow.put(flow.settings, "explicit", True)
    return flow.scope


def _names(dependencies: Any) -> list[str]:
    if dependencies is None:
        return []
    if not isinstance(dependencies, list | tuple) or not all(
        isinstance(name, str) for name in dependencies
    ):
        raise fault(
            "E0730",
            f"`dependencies` must be a list of step names, not {dependencies!r:.60}",
            'such as `dependencies=["A", "B"]`, or `"A.Succeeded || B.Failed"`',
        )
    return [kebab(name) for name in dependencies]


def _passed_on(flow: Flow, names: Sequence[str]) -> list[Any]:
    """Couler hands files, parameters and jobs on to what depends on them, but no printed text."""
    outputs = [output for name in names for output in flow.outputs.get(name, ())]
    return [output for output in outputs if output.kind != "standard"]
