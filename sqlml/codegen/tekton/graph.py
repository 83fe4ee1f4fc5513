"""What tasks of a Tekton pipeline wait for: order, results and circles."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.tekton.parts import Library, all_tasks, known, names_of, references, task_spec
from sqlml.errors import Diagnostic


def graph_faults(spec: Part, library: Library) -> Iterator[Diagnostic]:
    tasks = names_of(spec.at("tasks"))
    for task in all_tasks(spec):
        for part, name, result in _results(task):
            yield from known(part, name, tasks, "task")
            if name in tasks:
                yield from _result_faults(part, result, tasks[name], library)
    for part, path in references(spec.at("results")):
        if path[0] == "tasks" and len(path) > 3:
            yield from known(part, path[1], names_of_all(spec), "task")
    for task in tasks.values():
        for after in task.at("runAfter").items():
            yield from known(after, after.text, tasks, "task")
    for task in spec.at("finally").items():
        if task.has("runAfter"):
            message = "a task of `finally` has no `runAfter`: they all run at the end"
            yield Diagnostic("E0796", message, task.span_of("runAfter"))
    yield from _circles(tasks)


def names_of_all(spec: Part) -> Mapping[str, Part]:
    return {task.at("name").text: task for task in all_tasks(spec)}


def _result_faults(part: Part, result: str, giver: Part, library: Library) -> Iterator[Diagnostic]:
    spec = task_spec(giver, library)
    if spec is not None:
        what = f"result of task `{giver.at('name').text}` with the name"
        yield from known(part, result, names_of(spec.at("results")), what)


def _results(task: Part) -> Iterator[tuple[Part, str, str]]:
    """The results that a task takes: where it says so, whose, and which."""
    for key in ("params", "when", "matrix"):
        for part, path in references(task.at(key)):
            if path[0] == "tasks" and len(path) > 3 and path[2] == "results":
                yield part, path[1], path[3]


def _circles(tasks: Mapping[str, Part]) -> Iterator[Diagnostic]:
    needs = {
        name: [
            *(after.text for after in task.at("runAfter").items()),
            *(giver for _, giver, _ in _results(task)),
        ]
        for name, task in tasks.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = [*reversed(error.args[1])]
        message = f"tasks need each other in a circle: {' → '.join(circle)}"
        yield Diagnostic("E0794", message, tasks[circle[0]].at("name").span)
