"""What is found out about labels before training."""

from typing import Any

import pytest

from sqlml.errors import StepError
from sqlml.zoo.steps.survey import survey


def look(
    context: Any, sql: str, *names: str, task: Any = None, known: Any = None, lists: bool = False
) -> Any:
    return survey(
        context, sql, names or ("y",), task=task, family="xgboost", known=known, lists=lists
    )


def refusal(context: Any, sql: str, *names: str, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        look(context, sql, *names, **options)
    return caught.value.diagnostics[0]


def test_a_supervised_model_needs_a_label(context: Any) -> None:
    with pytest.raises(StepError) as caught:
        survey(context, "SELECT 1 AS x", (), task="regression", family="xgboost")
    assert caught.value.diagnostics[0].code == "E0416"


def test_text_labels_are_classes_in_alphabetical_order(context: Any) -> None:
    found = look(context, "SELECT unnest(['b', 'a', 'b', 'B']) AS y")
    assert (found.task, found.classes, found.counts) == (
        "classification",
        ("B", "a", "b"),
        (1, 1, 2),
    )


def test_boolean_labels_are_classes_false_first(context: Any) -> None:
    found = look(context, "SELECT i % 3 = 0 AS y FROM range(9) t(i)")
    assert (found.classes, found.counts) == ((False, True), (6, 3))
    assert found.classes[0] is False


def test_few_whole_numbers_are_classes_in_ascending_order(context: Any) -> None:
    found = look(context, "SELECT unnest([10, -3, 10, -3, 7, 7])::SMALLINT AS y")
    assert (found.task, found.classes) == ("classification", (-3, 7, 10))
    assert found.guessed


@pytest.mark.parametrize("type_name", ["INTEGER", "HUGEINT", "UBIGINT"])
def test_many_whole_numbers_are_amounts(context: Any, type_name: str) -> None:
    found = look(context, f"SELECT (i % 25)::{type_name} AS y FROM range(1000) t(i)")
    assert (found.task, found.classes) == ("regression", None)


def test_whole_numbers_that_hardly_repeat_are_amounts(context: Any) -> None:
    assert look(context, "SELECT unnest([1, 2, 3, 3, 2]) AS y").task == "regression"


@pytest.mark.parametrize("type_name", ["DOUBLE", "FLOAT", "DECIMAL(5, 2)"])
def test_fractions_are_amounts_and_whole_ones_may_be_classes(context: Any, type_name: str) -> None:
    sql = f"SELECT (i % 2)::{type_name} AS y FROM range(10) t(i)"
    assert look(context, sql).task == "regression"
    assert look(context, sql, task="classification").classes == (0, 1)


def test_classes_beyond_64_bits_keep_their_value(context: Any) -> None:
    found = look(context, f"SELECT unnest([{10**30}, {10**30}, 5, 5])::HUGEINT AS y")
    assert found.classes == (5, 10**30)


def test_several_labels_are_amounts(context: Any) -> None:
    found = look(context, "SELECT 1 AS a, 2.5 AS b", "a", "b")
    assert (found.task, [label.type for label in found.labels]) == (
        "regression",
        ["INTEGER", "DECIMAL(2,1)"],
    )


def test_missing_labels_are_counted(context: Any) -> None:
    sql = "SELECT CASE WHEN i >= 3 THEN 'x' || i % 2 END AS species FROM range(110) t(i)"
    found = refusal(context, sql, "species")
    assert found.code == "E0412"
    assert found.message == "training stopped: column `species` is empty in 3 of 110 rows"
    assert found.label == "xgboost needs a label in every row"
    assert found.hint == "add `WHERE species IS NOT NULL`"
    assert found.about == "label"


def test_missing_numbers_are_counted(context: Any) -> None:
    some = 'SELECT if(i < 4, NULL, 1.5) AS "my y" FROM range(5) t(i)'
    found = refusal(context, some, "my y")
    assert found.message == "training stopped: column `my y` is empty in 4 of 5 rows"
    assert found.hint == 'add `WHERE "my y" IS NOT NULL`'
    none = refusal(context, 'SELECT NULL::DOUBLE AS "my y" FROM range(4)', "my y")
    assert "name another column" in none.hint


@pytest.mark.parametrize(
    ("sql", "task", "code"),
    [
        ("SELECT 'a' AS y FROM range(5)", None, "E0402"),
        ("SELECT 'a' || i AS y FROM range(5) t(i)", None, "E0403"),
        ("SELECT i AS y FROM range(50) t(i)", "classification", "E0403"),
        ("SELECT i % 1001 AS y FROM range(4000) t(i)", "classification", "E0403"),
        ("SELECT i / 2 AS y FROM range(5) t(i)", "classification", "E0404"),
        ("SELECT DATE '2024-01-01' AS y FROM range(5)", None, "E0405"),
        ("SELECT 'a' AS y FROM range(5)", "regression", "E0405"),
        ("SELECT 'nan'::DOUBLE AS y FROM range(5)", None, "E0411"),
        ("SELECT 'inf'::FLOAT AS y FROM range(5)", "classification", "E0411"),
        ("SELECT 1 AS y LIMIT 0", None, "E0401"),
        ("SELECT 1.5 AS y LIMIT 0", None, "E0401"),
        ("SELECT 'a' AS y LIMIT 0", None, "E0401"),
        ("SELECT 'a' AS y LIMIT 0", "clustering", "E0401"),
    ],
)
def test_labels_that_do_not_suit_are_refused(context: Any, sql: str, task: Any, code: str) -> None:
    found = refusal(context, sql, task=task)
    assert (found.code, found.about) == (code, "query" if code == "E0401" else "label")


def test_many_missing_labels_beside_many_classes_are_still_counted(context: Any) -> None:
    sql = "SELECT CASE WHEN i > 4 THEN 'k' || i END AS y FROM range(5000) t(i)"
    assert "empty in 5 of 5,000 rows" in refusal(context, sql).message


def test_several_labels_are_no_classes(context: Any) -> None:
    assert refusal(context, "SELECT 'a' AS a, 'b' AS b", "a", "b", task="classification").code == (
        "E0418"
    )


def test_a_supervised_model_without_label_is_refused(context: Any) -> None:
    with pytest.raises(StepError, match="none is given"):
        survey(context, "SELECT 1 AS y", (), task=None, family="xgboost")


def test_known_classes_are_kept_and_new_ones_refused(context: Any) -> None:
    sql = "SELECT 'b' AS y FROM range(5)"
    found = look(context, sql, task="classification", known=("a", "b"))
    assert (found.classes, found.counts) == (("a", "b"), (0, 5))
    assert refusal(context, sql, task="classification", known=("a", "c")).code == "E0408"


def test_the_fingerprint_follows_the_rows_and_not_their_order(context: Any) -> None:
    def of(sql: str) -> str:
        return str(look(context, sql).fingerprint)

    rows = of("SELECT i AS x, i % 2 = 0 AS y FROM range(10) t(i)")
    assert rows == of("SELECT i AS x, i % 2 = 0 AS y FROM range(10) t(i) ORDER BY i DESC")
    assert rows != of("SELECT i + 1 AS x, i % 2 = 0 AS y FROM range(10) t(i)")


def test_a_query_may_end_with_a_comment(context: Any) -> None:
    assert look(context, "SELECT i % 2 AS y FROM range(10) t(i) -- all of them").rows == 10


@pytest.mark.parametrize("value", ["'1.5, 2'", "[1.5, 2]", "[1, 2]::INTEGER[2]"])
def test_several_numbers_per_row_are_counted(context: Any, value: str) -> None:
    found = look(context, f"SELECT {value} AS y FROM range(9)", task="regression", lists=True)
    assert (found.labels[0].length, found.outputs, found.rows) == (2, 2, 9)
    told = refusal(context, f"SELECT {value} AS y", task="regression")
    assert told.code == "E0405"


@pytest.mark.parametrize(
    ("values", "code", "told"),
    [
        ("['1,2', 'x,3', NULL]", "E0650", "column `y` holds `x,3`, which lists no numbers"),
        ("[[1, 2], [3, NULL]]", "E0650", "column `y` holds `[3, NULL]`, which lists no numbers"),
        ("[[1], []]", "E0650", "column `y` holds `[]`, which lists no numbers"),
        ("['1,2', '1,2,3']", "E0651", "column `y` lists 2 numbers, and 3 in `1,2,3`"),
        ("[[1, 2], NULL]", "E0412", "training stopped: column `y` is empty in 1 of 2 rows"),
        ("['1,2', 'inf,2']", "E0411", "column `y` is NaN or infinite in 1 of 2 rows"),
    ],
)
def test_rows_list_as_many_numbers(context: Any, values: str, code: str, told: str) -> None:
    found = refusal(context, f"SELECT unnest({values}) AS y", task="regression", lists=True)
    assert (found.code, found.message, found.about) == (code, told, "label")
