"""Containers and scripts as steps."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from sqlml.flow.options import Options, input_of, with_options
from sqlml.flow.values import Step, Value, constant
from sqlml.flow.writing import Writing
from sqlml.workflow.ir import (
    Container,
    Input,
    Node,
    OutputDeclaration,
    Script,
    Suspend,
    Take,
    Text,
)
from sqlml.workflow.places import caller, fault
from sqlml.workflow.quantities import seconds
from sqlml.workflow.texts import as_text

_PRINTED = OutputDeclaration("result", "parameter")


class Programs(Writing):
    """Steps that are programs."""

    def container(
        self,
        image: str,
        command: Sequence[str] = (),
        args: Sequence[Any] = (),
        *,
        outputs: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> Step:
        """Run an image. args: texts and values. What it prints is its output `result`.

        outputs: by name, the files that it writes values to, which are outputs as well.
        """
        words, inputs = _texts(args)
        operation = Container(_text("image", image), _words(command), words)
        node = Node("", operation, inputs, _outputs(outputs), place=caller().place)
        return self.add(with_options(node, options), options.get("name") or "container")

    def wait(self, duration: float | str | None = None, **options: Unpack[Options]) -> Step:
        """Wait for so long; without a duration, for a person: `sqlml continue RUN`.

        duration: seconds, or a text such as `2h`.
        """
        node = Node("", Suspend(seconds("duration", duration)), place=caller().place)
        return self.add(with_options(node, options), options.get("name") or "wait")

    def script(
        self,
        source: str,
        command: Sequence[str] = ("python",),
        args: Sequence[Any] = (),
        *,
        image: str = "",
        outputs: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> Step:
        """Run a text with an interpreter; the rest is as for `container`.

        image: what has the interpreter; without one, this machine or the worker.
        """
        words, inputs = _texts(args)
        operation = Script(_text("source", source), image, _words(command), words)
        node = Node("", operation, inputs, _outputs(outputs), place=caller().place)
        return self.add(with_options(node, options), options.get("name") or "script")


def _text(name: str, given: Any) -> str:
    if isinstance(given, str) and given.strip():
        return given
    raise fault("E0764", f"`{name}` is a text, not {given!r:.60}")


def _words(command: Any) -> tuple[str, ...]:
    words = (command,) if isinstance(command, str) else command
    if isinstance(words, list | tuple) and all(isinstance(word, str) for word in words):
        return tuple(words)
    raise fault("E0764", f"`command` is a list of texts, not {command!r:.60}")


def _texts(args: Any) -> tuple[tuple[Text, ...], dict[str, Input]]:
    if not isinstance(args, list | tuple):
        raise fault("E0764", f"`args` is a list, not {args!r:.60}")
    words: list[Text] = []
    inputs: dict[str, Input] = {}
    for number, value in enumerate(args, 1):
        if isinstance(value, Value):
            inputs[f"arg-{number}"] = input_of(value)
            words.append(Take(f"arg-{number}"))
        else:
            words.append(as_text(constant(value).value))
    return tuple(words), inputs


def _outputs(files: Mapping[str, str] | None) -> tuple[OutputDeclaration, ...]:
    words = [*files, *files.values()] if isinstance(files, Mapping) else [None]
    if files is not None and not all(isinstance(word, str) for word in words):
        raise fault("E0764", f"`outputs` is a dict from names to paths, not {files!r:.60}")
    written = (OutputDeclaration(n, "parameter", path=path) for n, path in (files or {}).items())
    return (*written, *([] if files and "result" in files else [_PRINTED]))
