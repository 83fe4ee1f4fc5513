from hypothesis import example, given
from hypothesis import strategies as st

from sqlml.errors import ProgramError
from sqlml.grammar.parser import parse
from sqlml.grammar.printer import print_program
from sqlml.grammar.queries import analyse
from sqlml.source import Source

PROGRAM = """\
SELECT *, 'it''s; "x"' AS "to" FROM a.t /* TO TRAIN */ WHERE x > 1.5e3;
FROM t TO TRAIN xgboost.gbtree WITH model.max_depth = RANGE(3, 10), objective = multi:softprob,
  l = [1, [-2, 'x']], COLUMN *, CROSS([a, "b c"], 100) FOR deep LABEL y USING old@2 INTO db.m;
SELECT 1 TO PREDICT t.c USING m@1; SELECT 1 TO EVALUATE m INTO t LABEL y;
SELECT 1 TO EXPLAIN m USING TreeExplainer INTO t; SELECT 1 TO CHECK m INTO u;
SELECT 1 TO RUN a/b:v1 CMD "x", 'y' INTO t, u;
SELECT 1 TO MAXIMIZE SUM((p - c) * x) CONSTRAINT 0 <= x <= 5 GROUP BY g WITH v = 'x' USING glpk;
SHOW TRAIN m; SHOW MODELS; DESCRIBE MODEL m; DROP MODEL IF EXISTS m;
CREATE TABLE u AS SELECT $$ ; $$, E'\\'';
"""
PIECES = [
    *PROGRAM.split(),
    *["'", '"', "`", "/*", "*/", "--", "\n", "\r\n", ";", "(", ")", "[", "]", "{", "}", ",", "@"],
    *["\\", "$$", "$x$", "E'", "\ufeff", "\0", "\ud800", "1e", "..", "::", "TO", "TO TRAIN", "="],
    *["DELETE", "b''", "PIVOT t ON", "UPDATE", "INSERT INTO", "MERGE", "WITH RECURSIVE a AS"],
]


def check(text: str) -> None:
    """Any text gives a tree, which can be printed, or mistakes, which all have a place in it."""
    source = Source("any", text)
    mistakes: ProgramError | None = None
    try:
        program = parse(source)
    except ProgramError as error:
        mistakes = error
    else:
        assert parse(Source("printed", print_program(program))) == program
        return
    assert str(mistakes)
    assert 1 <= len(mistakes.diagnostics) <= 10
    for diagnostic in mistakes.diagnostics:
        span = diagnostic.span
        assert span is not None
        assert 0 <= span.start <= span.end <= len(source.text)


@given(st.text())
@example("TO")
@example("TO TRAIN")
@example("SELECT TO")
@example("\ufeff\ufeff")
def test_any_text_gives_a_tree_or_located_errors(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(["", " "]))
def test_any_pieces_of_programs_give_a_tree_or_located_errors(pieces: list[str], glue: str) -> None:
    check(glue.join(pieces))


@given(
    st.lists(
        st.tuples(st.integers(0, len(PROGRAM)), st.integers(0, 8), st.sampled_from(["", *PIECES])),
        min_size=1,
        max_size=4,
    )
)
def test_any_damage_to_a_program_gives_a_tree_or_located_errors(
    damage: list[tuple[int, int, str]],
) -> None:
    text = PROGRAM
    for place, length, piece in damage:
        text = text[:place] + piece + text[place + length :]
    check(text)


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
def test_facts_can_be_told_about_any_text(text: str) -> None:
    facts = analyse(text)
    assert facts.parsed or not (facts.stable or facts.deterministic or facts.repeatable)
