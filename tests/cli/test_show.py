"""A run as bars in a terminal and as a page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import sqlml
from sqlml.cli.main import cli
from sqlml.cli.page import Facts, page
from sqlml.cli.timeline import timeline
from sqlml.store.runs import Run, Step

RUN = Run("7f3a", "a <b>.sql", "SELECT '<script>'", "", 100.0, 110.0, "succeeded")
STEPS = [
    Step(name="rows", number=0, operation="query", started=100.0, finished=102.0,
         outcome="succeeded"),
    Step(name="search", number=1, operation="train", title="→ <m>", started=102.0, finished=110.0,
         outcome="failed", message="it is & was", peak_memory=64 << 20),
    Step(name="search.0", number=2, operation="trial", started=102.0, finished=106.0,
         outcome="succeeded"),
    Step(name="old", number=3, operation="train", outcome="reused", source="6c1e"),
]  # fmt: skip
FACTS = Facts(RUN, STEPS, [("rows", "search")], {"search": {"loss": [4.0, 2.0, 1.0]}})


def test_bars_are_as_long_as_the_steps_took() -> None:
    lines = list(timeline(STEPS, 124))
    assert [line.split()[0] for line in lines] == ["rows", "search", "search.0"]
    bars = [line.count("█") for line in lines]
    assert bars == [20, 80, 40]
    assert lines[2].startswith("    search.0")  # a part of it, which began when it did
    assert lines[1].index("█") == lines[2].index("█") == lines[0].index("█") + 20


def test_nothing_is_drawn_of_nothing() -> None:
    assert list(timeline([], 80)) == []
    assert "No step ran" in page(Facts(RUN, [], [], {}))


@pytest.fixture(scope="module")
def drawn() -> list[ElementTree.Element]:
    """The pictures of the page: the graph, the timeline, a curve."""
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page(FACTS))]


def rectangles(picture: ElementTree.Element) -> dict[str, dict[str, float]]:
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in picture.iter(f"{space}g"):
        box, name = group.find(f"{space}rect"), group.find(f"{space}text")
        assert box is not None
        assert name is not None
        found[name.text or ""] = {key: float(box.attrib[key]) for key in ("x", "y", "width")}
    return found


def test_the_timeline_is_to_scale(drawn: list[ElementTree.Element]) -> None:
    bars = rectangles(drawn[1])
    assert list(bars) == ["rows", "search", "search.0"]
    assert bars["search"]["width"] == pytest.approx(4 * bars["rows"]["width"])
    assert bars["search"]["x"] == pytest.approx(bars["rows"]["x"] + bars["rows"]["width"])


def test_what_uses_something_is_right_of_it(drawn: list[ElementTree.Element]) -> None:
    boxes = rectangles(drawn[0])
    assert set(boxes) == {"rows", "search", "search.0", "old"}
    assert boxes["search"]["x"] > boxes["rows"]["x"] == boxes["old"]["x"]
    assert len(list(drawn[0].iter("{http://www.w3.org/2000/svg}path"))) == 1


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    text = page(FACTS)
    assert "<script" not in text
    assert re.findall(r"(?:src|href)\s*=", text) == []
    assert set(re.findall(r"https?://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "a &lt;b&gt;.sql" in text
    assert "from run 6c1e" in text
    assert "it is &amp; was" in text
    assert "loss&nbsp;1" in text


def test_a_run_is_shown_and_written(tmp_path: Path) -> None:
    database = str(tmp_path / "x.duckdb")
    program = "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT a + 1 AS b FROM t;"
    run = sqlml.run(program, db=database).run
    shown = CliRunner().invoke(cli, ["show", run, "--db", database])
    assert shown.exit_code == 0
    assert re.search(r"query-2 +[█▏▎▍▌▋▊▉]", shown.output)
    verified = CliRunner().invoke(cli, ["plan", "--verify", run, "--db", database])
    assert re.search(r"query-2 +– +\d+\.\d\ds +– +– +0\n", verified.output), verified.output
    assert "no earlier run to expect anything from" in verified.output
    asked = ["show", run, "--db", database, "--html"]
    written = tmp_path / "run.html"
    assert CliRunner().invoke(cli, [*asked, str(written)]).exit_code == 0
    graph = ElementTree.fromstring(re.findall(r"<svg.*?</svg>", written.read_text("utf-8"))[0])
    boxes = rectangles(graph)
    assert boxes["query-2"]["x"] > boxes["query"]["x"]
    with pytest.raises(sqlml.SqlmlError, match="E0930"):
        CliRunner().invoke(
            cli, [*asked, str(tmp_path / "no" / "run.html")], catch_exceptions=False,
            standalone_mode=False,
        )  # fmt: skip
