"""`sqlml lsp` as an editor talks to it: JSON-RPC over its stdin and stdout."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.cli.main import cli
from sqlml.error_codes import sections
from sqlml.errors import SqlmlError
from sqlml.session import Session
from sqlml.source import Source
from sqlml.zoo.models import find_model

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree"
SETUP = "CREATE TABLE iris AS SELECT i / 2 AS petal, i % 2 AS species FROM range(40) AS r(i)"


class Editor:
    """A client that waits for each answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, list[Any]] = {}
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sqlml", "lsp"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.capabilities = self.ask(
            "initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}
        )["capabilities"]
        self.tell("initialized", {})

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> list[Any]:
        """The diagnostics of a document with this text."""
        uri = self.uri(name)
        if uri in self.told:
            changes = {"contentChanges": [{"text": text}]}
            changed = {"textDocument": {"uri": uri, "version": 2}, **changes}
            return self.after("didChange", uri, changed)
        document = {"uri": uri, "languageId": "sql", "version": 1, "text": text}
        return self.after("didOpen", uri, {"textDocument": document})

    def after(self, event: str, uri: str, parameters: Any) -> list[Any]:
        """The diagnostics that are told of a document after something has happened to it."""
        self.tell(f"textDocument/{event}", parameters)
        self.told.pop(uri, None)
        while uri not in self.told:
            self._hear()
        return self.told[uri]

    def at(self, method: str, name: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        asked = {"textDocument": {"uri": self.uri(name)}, "position": position}
        return self.ask(f"textDocument/{method}", asked)

    def ask(self, method: str, parameters: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            message = self._hear()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def close(self) -> int:
        self.ask("shutdown", None)
        self.tell("exit", None)
        code = self._process.wait(60)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        return code

    def _send(self, message: Any) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length"):
                length = int(line.partition(b":")[2])
        message = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            told = message["params"]
            self.told[told["uri"]] = told["diagnostics"]
        return message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    opened = Editor(tmp_path_factory.mktemp("editor"))
    yield opened
    assert opened.close() == 0


def ranged(found: Any) -> tuple[int, int, int, int]:
    start, end = found["range"]["start"], found["range"]["end"]
    return start["line"], start["character"], end["line"], end["character"]


def test_without_a_database_syntax_and_attributes_are_checked(editor: Editor) -> None:
    text = f"-- 😀\n/* 😀 */ {TRAIN} WITH max_dpeth = 3 LABEL species INTO m;\n"
    (found,) = editor.open("a.sql", text)
    assert found["code"] == "E0203"
    assert found["source"] == "sqlml"
    assert "did you mean `max_depth`?" in found["message"]
    start = text.splitlines()[1].index("max_dpeth") + 1  # 😀 counts for two, as in UTF-16
    assert ranged(found) == (1, start, 1, start + 9)
    assert editor.open("a.sql", f"{TRAIN} WITH max_depth = 3 LABEL species INTO m;") == []
    assert [one["code"] for one in editor.open("a.sql", f"{TRAIN} LABEL INTO m")] == ["E0108"]
    assert [one["code"] for one in editor.open("a.sql", "SELECT 1 TO TRAIN xgbost LABEL a INTO b")]
    assert editor.open("a.sql", "") == []


def test_lines_end_where_editors_end_them_and_a_closed_document_has_no_marks(
    editor: Editor,
) -> None:
    text = "SELECT '\f\v\x85\u2028' AS odd;\r\n-- é\r\nSELECT '😀' TO TRIAN xgboost.gbtree;"
    uri = editor.uri("odd.sql")
    for version in range(2):
        (found,) = editor.open("odd.sql", text + "\n" * version)
        assert (found["code"], ranged(found)) == ("E0109", (2, 15, 2, 20))
    assert editor.after("didClose", uri, {"textDocument": {"uri": uri}}) == []


def test_an_editor_is_answered_while_a_long_document_is_checked(editor: Editor) -> None:
    editor.open("short.sql", f"{TRAIN} WITH max_de")
    uri = editor.uri("long.sql")
    text = f"{TRAIN} WITH max_depth = 3 LABEL species INTO m;\n" * 300
    document = {"uri": uri, "languageId": "sql", "version": 1, "text": text}
    editor.told.pop(uri, None)
    editor.tell("textDocument/didOpen", {"textDocument": document})
    for version in range(2, 12):  # of which only the last is worth checking
        changes = [{"text": f"{text}{'-' * version}"}]
        changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
        editor.tell("textDocument/didChange", changed)
    (found, *_) = editor.at("completion", "short.sql", 0, len(TRAIN) + 12)["items"]
    assert found["label"] == "max_depth"
    assert uri not in editor.told
    assert editor.after("didClose", uri, {"textDocument": {"uri": uri}}) == []


def test_completion_has_details_and_replaces_the_word(editor: Editor) -> None:
    text = f"{TRAIN} WITH max_de"
    editor.open("b.sql", text)
    first, *_ = editor.at("completion", "b.sql", 0, len(text))["items"]
    model = find_model("xgboost.gbtree")
    assert model is not None
    assert first["label"] == "max_depth"
    assert first["documentation"]["value"] == model.parameters["max_depth"].doc
    place = (0, len(text) - len("max_de"), 0, len(text))
    assert ranged(first["textEdit"]) == place


def test_hover_tells_what_a_word_means(editor: Editor) -> None:
    text = f"-- E0203\n{TRAIN}\nWITH max_depth = 3\nCOLUMN BUCKET(petal, 4)\nLABEL species INTO m;"
    editor.open("c.sql", text)
    assert editor.at("hover", "c.sql", 0, 5)["contents"]["value"] == sections()["E0203"]
    model = find_model("xgboost.gbtree")
    assert model is not None
    assert model.doc in editor.at("hover", "c.sql", 1, 35)["contents"]["value"]
    found = editor.at("hover", "c.sql", 2, 7)
    assert model.parameters["max_depth"].doc in found["contents"]["value"]
    assert ranged(found) == (2, 5, 2, 14)
    assert "BUCKET(column" in editor.at("hover", "c.sql", 3, 8)["contents"]["value"]
    assert editor.at("hover", "c.sql", 1, 0) is None


def test_a_model_leads_to_the_statement_that_trains_it(editor: Editor) -> None:
    editor.open("train.sql", f"SELECT 1;\n{TRAIN} LABEL species\nINTO flowers;")
    editor.open("use.sql", "SELECT * FROM iris TO PREDICT p.x USING flowers@2;\nSELECT * FROM p;")
    found = editor.at("definition", "use.sql", 0, 44)
    assert found["uri"] == editor.uri("train.sql")
    assert ranged(found) == (2, 5, 2, 12)
    found = editor.at("definition", "use.sql", 1, 14)
    assert found["uri"] == editor.uri("use.sql")
    assert ranged(found) == (0, 30, 0, 31)
    assert editor.at("definition", "use.sql", 0, 15) is None


def test_the_outline_names_what_statements_make(editor: Editor) -> None:
    text = (
        f"CREATE OR REPLACE TABLE t AS SELECT 1;\n{TRAIN} WITH eta = 1 LABEL a INTO m;\n"
        "SELECT * FROM t TO PREDICT u.x USING m;\nCREATE JOB j SCHEDULE '@daily' AS SELECT 1;"
        "\nSELECT * FROM"
    )
    editor.open("d.sql", text)
    uri = {"textDocument": {"uri": editor.uri("d.sql")}}
    found = editor.ask("textDocument/documentSymbol", uri)
    assert [(one["name"], one["detail"]) for one in found] == [
        ("t", "table"),
        ("m", "TO TRAIN xgboost.gbtree"),
        ("u", "TO PREDICT"),
        ("j", "job"),
        ("SELECT * FROM", ""),
    ]


def test_with_a_database_all_is_checked_that_a_run_would_check(editor: Editor) -> None:
    db = editor.folder / "sqlml.duckdb"
    with Session.open(db=str(db)) as session:
        session.run(f"{SETUP}; {TRAIN} WITH num_boost_round = 1 LABEL species INTO stored;")
    text = f"{TRAIN} LABEL spieces INTO m;\nSELECT * FROM irsi;\nDROP MODEL stroed;"
    found = editor.open("e.sql", text)
    with Session.open(db=str(db)) as session:  # the server does not hold the database
        with pytest.raises(SqlmlError) as caught:
            session.compile([Source("e.sql", text)])
        assert [one["code"] for one in found] == [one.code for one in caught.value.diagnostics]
        for one, expected in zip(found, caught.value.diagnostics, strict=True):
            assert one["message"].startswith(expected.message)
            assert expected.hint in one["message"]
            assert expected.span is not None
            line, column = expected.span.source.position(expected.span.start)
            assert ranged(one)[:2] == (line - 1, column - 1)
        assert len(found) == 3
        assert editor.open("e.sql", f"{TRAIN} LABEL species INTO m") == []  # though it is locked
    text = "SELECT * FROM iris TO EVALUATE st"
    editor.open("e.sql", text)
    (item,) = editor.at("completion", "e.sql", 0, len(text))["items"]
    assert item["label"] == "stored"
    assert editor.open("e.sql", "SELECT '${day}' AS day") == []


def test_the_command_is_listed() -> None:
    assert "lsp" in cli.list_commands(None)  # type: ignore[arg-type]
