"""What TRAIN points out about columns that look wrong."""

from typing import Any

import pytest

ROUNDS = {"num_boost_round": 2}
BASE = (
    "SELECT hash(i) % 97 / 10 AS x, ['a', 'b', 'c'][(hash(i + 3) % 3 + 1)::INT] AS kind, {}"
    " FROM range(400) t(i)"
)


def hints(context: Any, columns: str, label: str = "y") -> list[tuple[str, str]]:
    context.train("xgboost.gbtree", BASE.format(columns), label, settings=ROUNDS)
    return list(zip(context.notes, context.abouts, strict=True))


@pytest.mark.parametrize(
    ("columns", "column", "words"),
    [
        ("i AS id, hash(i) % 2 = 0 AS y", "id", "another value in every row"),
        ("'u' || i AS who, hash(i) % 2 = 0 AS y", "who", "another value in every row"),
        ("7 AS seven, hash(i) % 2 = 0 AS y", "seven", "the same value in every row"),
        ("'s' AS same, hash(i) % 2 = 0 AS y", "same", "the same value in every row"),
        ("NULL::DOUBLE AS gone, hash(i) % 2 = 0 AS y", "gone", "no value in any row"),
        (
            "'u' || hash(i) % 3 AS y, ['p', 'q', 'r'][(hash(i) % 3 + 1)::INT] AS copy",
            "copy",
            "alone tells the label `y` of 100.0% of the rows",
        ),
        (
            "hash(i) % 2 = 0 AS y, CASE WHEN hash(i) % 2 = 0 THEN NULL ELSE 1.5 END AS paid",
            "paid",
            "alone tells the label `y` of 100.0% of the rows",
        ),
        ("i % 50 * 1.5 AS y, 32 + i % 50 * 2.7 AS again", "again", "exactly as the label `y` does"),
    ],
)
def test_a_column_that_looks_wrong_is_pointed_out(
    context: Any, columns: str, column: str, words: str
) -> None:
    ((message, about),) = hints(context, columns)
    assert message.startswith(f"`{column}` ")
    assert words in message
    assert about == f"column {column}"


@pytest.mark.parametrize(
    "columns",
    [
        "i % 390 AS visits, (hash(i) % 8 + hash(i + 3) % 8) % 2 = 0 AS y",
        "hash(i + 9) % 1000000 AS far, hash(i) % 2 = 0 AS y",
        "hash(i) % 100 + (i % 7) * 3 AS near, hash(i) % 100 * 1.0 AS y",
        "i % 100 = 0 AS y",  # a class of so few rows is told by nothing, and by anything
    ],
)
def test_usual_columns_are_not_spoken_of(context: Any, columns: str) -> None:
    assert hints(context, columns) == []


def test_text_of_several_words_or_ids_may_differ_in_every_row(context: Any) -> None:
    from sqlml.zoo.features.contract import ColumnReference
    from sqlml.zoo.features.indicator import Indicator
    from sqlml.zoo.features.seq_category_id import SeqCategoryId
    from sqlml.zoo.features.tfidf import Tfidf

    note, steps = (ColumnReference(name, "VARCHAR") for name in ("note", "steps"))
    sequence = Indicator.parse([SeqCategoryId.parse([steps, 200])])
    context.run(
        "train",
        estimator="sklearn.linear_model.LogisticRegression",
        parameters={},
        settings={},
        features={"": (Tfidf.parse([note, 5]).to_json(), sequence.to_json())},
        label=("y",),
        into="m",
        rows="SELECT 'word' || i || ' and more' AS note, i || ',' || i // 2 AS steps,"
        " hash(i) % 2 = 0 AS y FROM range(200) t(i)",
    )
    assert context.notes == []


def test_evaluating_the_training_rows_says_so(iris: Any) -> None:
    iris.train("xgboost.gbtree", "SELECT * FROM iris", "species", settings=ROUNDS)
    for sql, remark in (
        ("SELECT * FROM iris", True),
        ("SELECT * FROM iris ORDER BY petal_width", True),
        ("SELECT * FROM iris LIMIT 149", False),
        ("SELECT * REPLACE (petal_width + 1 AS petal_width) FROM iris", False),
    ):
        iris.notes.clear()
        outcome = iris.run("evaluate", metrics=("accuracy",), rows=sql, model="m@1")
        assert outcome.summary.endswith(" (training)") == remark
        told = "these are the rows of the training: new ones tell more"
        assert iris.notes == ([told] if remark else [])
