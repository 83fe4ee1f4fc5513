import re
from importlib.resources import files
from pathlib import Path

import pytest

import sqlml.grammar
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.parser import parse
from sqlml.source import Source


def mistake(sql: str) -> Diagnostic:
    with pytest.raises(ProgramError) as error:
        parse(Source("f", sql))
    (diagnostic,) = error.value.diagnostics
    return diagnostic


# The place of each mistake is marked: «here».
MISTAKES = [
    # text that never ends, brackets
    ("SELECT «'»abc", "E0101", "string that begins here never ends", "written twice"),
    ("SELECT «\"»abc", "E0101", "quoted name or string that begins here", ""),
    ("SELECT «/*» abc /* */", "E0101", "comment that begins here never ends", "`*/`"),
    ("SELECT «$x$» abc $$", "E0101", "string that begins here", ""),
    (r"FROM t TO TRAIN m WITH a = «'»x\' INTO m", "E0101", "string that begins here", r"\'"),
    ("SELECT «(»1", "E0102", "`(` is never closed", ""),
    ("SELECT (1«]»", "E0102", "`]` cannot close the `(` of line 1, column 8", ""),
    ("FROM t«)» TO TRAIN m INTO x", "E0102", "`)` closes nothing", ""),
    ("FROM t TO TRAIN m WITH a = «[»1 INTO x", "E0102", "`[` is never closed", ""),
    # clauses
    ("FROM t TO TRAIN m «LABLE» y INTO x", "E0105", "`LABLE` begins no clause", "`LABEL`"),
    ("FROM t TO TRAIN m «COLUMNS» y INTO x", "E0105", "`COLUMNS` begins no clause", "`COLUMN`"),
    ("FROM t TO TRAIN m COLUMN a «b» INTO x", "E0105", "`b` begins no clause", "put a `,`"),
    ("FROM t TO TRAIN m WITH a = 1 «b» = 2 INTO x", "E0105", "`b` begins no", "put a `,`"),
    ("FROM t TO PREDICT t2 «qqq» USING m", "E0105", "`qqq` begins no clause", "WITH or USING"),
    ("DROP MODEL a «b»", "E0105", "`b` is too much: `DROP MODEL` ends before it", ""),
    ("SHOW MODELS «x»", "E0105", "`SHOW MODELS` ends before it", ""),
    ("FROM t TO TRAIN m INTO a «INTO» b", "E0106", "`INTO` stands twice", ""),
    ("FROM t TO TRAIN m WITH a=1 LABEL y «WITH» b=1 INTO a", "E0106", "`WITH` stands twice", ""),
    ("FROM t TO TRAIN m COLUMN a «COLUMN» b INTO a", "E0106", "`COLUMN` stands twice", "FOR"),
    ("FROM t TO TRAIN m COLUMN a FOR x «COLUMN» b FOR X INTO a", "E0106", "`COLUMN … FOR X`", ""),
    ("FROM t «TO TRAIN» m LABEL y", "E0107", "`TO TRAIN` needs `INTO model_name`", ""),
    ("FROM t «TO PREDICT» x", "E0107", "`TO PREDICT` needs `USING model_name`", ""),
    ("FROM t «TO predict»", "E0107", "`TO PREDICT` needs `USING model_name`", ""),
    ("FROM t «TO MAXIMIZE» x", "E0107", "`TO MAXIMIZE` needs `WITH variables", ""),
    ("FROM t TO PREDICT x «LABEL» y USING m", "E0117", "`LABEL` does not belong", "table.column"),
    ("FROM t TO RUN x «WITH» y = 1", "E0117", "`WITH` does not belong to `TO RUN`", "CMD or INTO"),
    ("FROM t TO PREDICT x USING m «TO» PREDICT y USING m", "E0117", "one TO clause only", ""),
    ("DESCRIBE MODEL m «TO» PREDICT y USING m", "E0117", "one TO clause only", ""),
    # something is missing
    ("FROM t TO «TRAIN»", "E0108", "`TO TRAIN` needs the name of a model", ""),
    ("FROM t TO «TRAIN» WITH a=1 INTO m", "E0108", "`TO TRAIN` needs the name of a model", ""),
    ("FROM t TO «EVALUATE»", "E0108", "needs the name of a trained model", ""),
    ("FROM t TO «CHECK» INTO x", "E0108", "needs the name of a trained model", ""),
    ("FROM t TO CHECK m «LABEL» y", "E0117", "does not belong", ""),
    ("FROM t TO «RUN»", "E0108", "needs an image", ""),
    ("FROM t TO «MAXIMIZE»", "E0108", "needs an expression", ""),
    ("FROM t TO TRAIN m «COLUMN» LABEL y INTO x", "E0108", "`COLUMN` needs a column", ""),
    ("FROM t TO TRAIN m «LABEL» INTO x", "E0108", "`LABEL` needs a column", ""),
    ("FROM t TO TRAIN m COLUMN a«,» LABEL y INTO x", "E0108", "nothing follows this `,`", ""),
    ("FROM t TO TRAIN m COLUMN a «FOR» LABEL y INTO x", "E0108", "`FOR` needs", ""),
    ("FROM t TO TRAIN m «WITH» INTO x", "E0108", "`WITH` needs an attribute", ""),
    ("FROM t TO TRAIN m WITH a «=» INTO x", "E0108", "attribute `a` has no value", ""),
    ("FROM t TO TRAIN m WITH a «=» , b = 1 INTO x", "E0108", "attribute `a` has no value", ""),
    ("FROM t TO TRAIN m WITH a.b «=»", "E0108", "attribute `a.b` has no value", ""),
    ("FROM t TO TRAIN m WITH «a» LABEL y INTO x", "E0108", "`a` has no value", "`a = …`"),
    ("FROM t TO TRAIN m «INTO»", "E0108", "`INTO` needs a name", ""),
    ("FROM t TO PREDICT x «USING»", "E0108", "`USING` needs the name of a trained model", ""),
    ("FROM t TO RUN x «CMD» INTO t", "E0108", "`CMD` needs a string", ""),
    ("FROM t TO MAXIMIZE x «+» WITH v = 1", "E0108", "nothing follows this `+`", ""),
    ("FROM t TO MAXIMIZE x «CONSTRAINT» WITH v = 1", "E0108", "needs an expression", ""),
    ("DROP «MODEL»", "E0108", "`DROP MODEL` needs the name of a trained model", ""),
    # unexpected text
    ("FROM t TO TRAIN m INTO my«-»model", "E0104", "`-` is unexpected", '"my-model"'),
    ("FROM t TO TRAIN m INTO «3»d", "E0104", "`3` is unexpected", "double quotes"),
    ("FROM t TO TRAIN m INTO «'m'»", "E0104", "`'m'` is unexpected", "without quotes"),
    ("FROM t TO TRAIN m WITH a = «\u201cx\u201d» INTO m", "E0104", "curly quotes", "straight"),
    ("FROM t TO TRAIN m WITH a = \u201cx «y\u201d» INTO m", "E0104", "is unexpected", "straight"),
    ("FROM t TO TRAIN m WITH a = «)» INTO m", "E0102", "`)` closes nothing", ""),
    ("FROM t TO TRAIN m COLUMN f(a)«)»", "E0102", "`)` closes nothing", ""),
    ("FROM t TO TRAIN m COLUMN f(a, «)» INTO x", "E0104", "`)` is unexpected", ""),
    ("FROM t TO TRAIN m WITH a = 5 «6» INTO x", "E0104", "`6` is unexpected", ""),
    ("FROM t TO TRAIN m «%» INTO x", "E0104", "`%` is unexpected", ""),
    ("FROM t TO RUN x CMD «ls»", "E0104", "`ls` is unexpected", ""),
    ("DROP MODEL IF «m»", "E0104", "`m` is unexpected", ""),
    # TO where it cannot be
    ("FROM t TO «TRANE» m INTO x", "E0109", "`TO TRANE`", "did you mean `TO TRAIN`?"),
    ("FROM t TO «predictt» m", "E0109", "`TO predictt`", "did you mean `TO PREDICT`?"),
    ("FROM t TO «xyz» m", "E0109", "`TO xyz`", "TRAIN, PREDICT"),
    ("«TO TRAIN» m INTO x", "E0110", "`TO TRAIN` has no query in front", "SELECT"),
    ("describe t «TO PREDICT» USING m", "E0110", "a query in front, not `describe`", "SELECT"),
    ("INSERT INTO a FROM t «TO PREDICT» USING m", "E0110", "not `INSERT`", ""),
    ("SELECT (FROM t «TO TRAIN» m INTO x)", "E0111", "`TO TRAIN` cannot be nested", ""),
    ("FROM (FROM t «TO PREDICT» USING m) TO TRAIN m INTO x", "E0111", "cannot be nested", ""),
    (
        "CREATE TABLE s.x AS SELECT * FROM t «TO PREDICT» USING m",
        *("E0112", "cannot hold a prediction", "TO PREDICT s.x USING model_name"),
    ),
    ("FROM t «SHOW TRAIN» m", "E0113", "cannot stand behind a query", "`;`"),
    ("FROM t «SHOW MODELS»", "E0113", "cannot stand behind a query", "`;`"),
    ("FROM t «SHOW TRAIN» m TO TRAIN m INTO x", "E0113", "cannot stand behind a query", "`;`"),
    ("FROM t TO PREDICT USING m «SHOW» TRAIN m", "E0113", "`SHOW` cannot stand behind", "`;`"),
    ("FROM t TO TRAIN m INTO x «SELECT» 1", "E0113", "`SELECT` cannot stand behind", "`;`"),
    # values
    ("FROM t TO TRAIN m WITH a = «1e999» INTO x", "E0114", "too large", ""),
    ("FROM t TO TRAIN m WITH a = -«18446744073709551616» INTO x", "E0114", "too large", ""),
    ("FROM t TO TRAIN m LABEL a.«\"\"» INTO x", "E0115", "cannot be empty", ""),
    ("SELECT 1; SELECT «\0»", "E0116", "NUL", "UTF-8"),
    ("FROM t TO TRAIN m INTO a«@»3", "E0118", "no version can be given here", "next version"),
    ("FROM t TO PREDICT USING m@«0»", "E0118", "not the number of a version", ""),
    ("ALTER MODEL «m@3» SET ALIAS a = 4", "E0118", "no version can be given here", "ALTER MODEL m"),
    ("ALTER MODEL «m@3» RENAME TO n", "E0118", "no version can be given here", "ALTER MODEL m"),
    ("ALTER MODEL m SET ALIAS «a.b» = 4", "E0280", "cannot be an alias", "one name"),
    ("FROM t TO PREDICT USING m@«\"3\"»", "E0280", "cannot be an alias", "one name"),
    ("ALTER MODEL m SET TAG «x»", "E0108", "the tag `x` has no value", "x ="),
    ("ALTER MODEL m SET «ALIAS»", "E0108", "needs the name of an alias", ""),
    ("FROM t TO PREDICT USING m@«1.5»", "E0118", "not the number of a version", ""),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "code", "message", "hint"), MISTAKES)
def test_a_mistake_is_shown_where_it_is_with_a_way_out(
    marked: str, code: str, message: str, hint: str
) -> None:
    before, place, after = re.split("[«»]", marked)
    diagnostic = mistake(before + place + after)
    assert (diagnostic.code, message in diagnostic.message) == (code, True), diagnostic
    assert diagnostic.span is not None
    assert diagnostic.span.text == place
    assert diagnostic.span.start == len(before)
    assert hint in diagnostic.hint


def test_what_could_have_stood_there_is_named() -> None:
    assert mistake("FROM t TO TRAIN m WITH a = % INTO x").label == (
        "expected a name, a string, a number or `[`"
    )
    assert mistake("FROM t TO MAXIMIZE SUM(x y) WITH v = 1").label == (
        "expected an operator, `(`, `)` or `,`"
    )


def test_a_clause_nested_too_deep_is_a_located_error() -> None:
    deep = "[" * 101 + "]" * 101
    diagnostic = mistake(f"FROM t TO TRAIN m WITH a = {deep} INTO x")
    assert diagnostic.code == "E0103"
    parse(Source("f", f"FROM t TO TRAIN m WITH a = {deep[1:-1]} INTO x"))


@pytest.mark.parametrize("expression", ["+".join("x" * 5_000), "- " * 5_000 + "x"])
def test_an_expression_with_too_many_levels_is_a_located_error(expression: str) -> None:
    assert mistake(f"FROM t TO MAXIMIZE {expression} WITH v = 1").code == "E0103"
    constraint = f"FROM t TO MAXIMIZE x CONSTRAINT {expression} <= 1 WITH v = 1"
    assert mistake(constraint).code == "E0103"


def test_the_statements_around_a_mistake_are_checked_too() -> None:
    with pytest.raises(ProgramError) as error:
        parse(
            Source("f", "FROM t TO TRAIN m; SELECT 1; FROM t TO PREDICT a; SELECT (1; DROP MODEL")
        )
    assert [d.code for d in error.value.diagnostics] == ["E0107", "E0107", "E0102", "E0108"]


def test_every_code_is_explained() -> None:
    explained = files("sqlml").joinpath("error_codes/e01.md").read_text("utf-8")
    folder = Path(sqlml.grammar.__path__[0])
    used = {
        code
        for file in folder.glob("*.py")
        for code in re.findall(r'"(E01\d\d)"', file.read_text("utf-8"))
    }
    sections = re.findall(r"^## (E01\d\d) \w.*$", explained, re.MULTILINE)
    assert sections == sorted(used)
