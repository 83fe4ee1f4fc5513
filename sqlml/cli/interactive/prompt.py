"""Reads statements from the terminal: several lines each, with completion and a history."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from sqlml.cli.interactive.commands import COMMANDS
from sqlml.cli.interactive.highlight import Highlighting
from sqlml.cli.terminal import colored, shortened
from sqlml.editing.completion import complete
from sqlml.editing.names import Names
from sqlml.grammar.secrets import without_secrets
from sqlml.grammar.statements import is_complete

_PROMPT, _IN_TRANSACTION, _GOES_ON = "sqlml> ", "sqlml*> ", "   ..> "
_COMMANDS = frozenset({"exit", "quit", "help"})  # what people try first
_WIDEST_REMARK = 70
_COLORS = Style.from_dict({
    "keyword": "bold ansiblue", "string": "ansigreen", "number": "ansicyan",
    "comment": "ansibrightblack",
})  # fmt: skip


class Prompt:
    """names: what there is now, as completion asks for it. is_open: whether a transaction is."""

    def __init__(
        self, names: Callable[[], Names], dialect: str, is_open: Callable[[], bool]
    ) -> None:
        import sys

        self._dialect = dialect
        self._session: PromptSession[str] = PromptSession(
            lambda: _IN_TRANSACTION if is_open() else _PROMPT,
            multiline=True,
            prompt_continuation=_GOES_ON,
            history=History(history_file(), dialect),
            completer=Suggestions(names, dialect),
            complete_in_thread=True,
            key_bindings=self._keys(),
            lexer=Highlighting(dialect),
            style=_COLORS if colored(sys.stdout) else None,
            include_default_pygments_style=False,
        )

    def read(self, text: str = "") -> str:
        """What is typed next. text: what the line begins with.

        Raises:
            KeyboardInterrupt: Ctrl-C. EOFError: Ctrl-D on an empty line.
        """
        return self._session.prompt(default=text)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            menu = buffer.complete_state
            is_command = buffer.text.lstrip().startswith("\\")
            if not is_command and menu is not None and menu.current_completion is not None:
                buffer.complete_state = None  # the choice stands in the line already
            elif is_submitted(buffer.text, self._dialect):
                buffer.validate_and_handle()
            else:
                buffer.newline(copy_margin=True)

        return keys


def is_submitted(text: str, dialect: str) -> bool:
    """Whether Enter ends what is typed: a `;` does, and a command needs none."""
    is_command = text.lstrip().startswith("\\") or text.strip().lower() in _COMMANDS
    return is_command or is_complete(text, dialect)


class Suggestions(Completer):
    """The candidates of the completion engine; while typing, those for a word that has begun."""

    def __init__(self, names: Callable[[], Names], dialect: str) -> None:
        self._names = names
        self._dialect = dialect

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        position = document.cursor_position
        if document.text.lstrip().startswith("\\"):
            yield from self._of_command(document.text_before_cursor.lstrip(), complete_event)
            return
        found = complete(document.text, position, self._names(), self._dialect)
        if found.start == position and not complete_event.completion_requested:
            return
        for candidate in found.candidates:
            remark = " · ".join(filter(None, (candidate.detail, candidate.doc)))
            yield Completion(
                candidate.text,
                start_position=found.start - position,
                display_meta=shortened(remark, _WIDEST_REMARK),
            )

    def _of_command(self, text: str, complete_event: CompleteEvent) -> Iterator[Completion]:
        r"""Commands, and what stands behind them: `\d TABLE`, `\m MODEL`, `\i FILE`."""
        name, space, argument = text.partition(" ")
        argument = argument.lstrip()
        if not space:
            for command in COMMANDS:
                if command.startswith(name):
                    doc = COMMANDS[command].doc
                    yield Completion(command, start_position=-len(name), display_meta=doc)
        elif name == "\\i":
            file = Document(argument)
            yield from PathCompleter(expanduser=True).get_completions(file, complete_event)
        elif name in COMMANDS:
            for choice in COMMANDS[name].choices(self._names()):
                if choice.casefold().startswith(argument.casefold()):
                    yield Completion(choice, start_position=-len(argument))


class History(FileHistory):
    """What was typed, in a file that holds no passwords."""

    def __init__(self, file: Path, dialect: str) -> None:
        super().__init__(str(file))
        self._dialect = dialect

    def store_string(self, string: str) -> None:
        super().store_string(without_secrets(string, self._dialect))


def history_file() -> Path:
    """Where the history is kept; for its owner's eyes only."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    file = Path(state, "sqlml", "history")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    return file
