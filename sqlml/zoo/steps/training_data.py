"""Training and validation rows: which are held back, and which belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier, select_from, subquery, unused
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.model import Part
from sqlml.zoo.steps.chosen_rows import chosen_rows
from sqlml.zoo.steps.dataset import Others, QueryDataset, Roles
from sqlml.zoo.steps.split import GroupSplit, Split, deal_groups, deal_rows, draw, draw_groups
from sqlml.zoo.steps.survey import Survey

AnySplit = Split | GroupSplit


@dataclass(frozen=True, slots=True)
class TrainingData:
    """rows and validation_rows: how many there are. class_counts: of training rows, by class.

    query: of the rows that the training rows are chosen from, in any order. folds: for
    cross-validation, the training rows that each of them holds back. parts: what the columns of the
    matrices are.
    """

    train: QueryDataset
    validation: QueryDataset | None
    rows: int
    validation_rows: int
    class_counts: tuple[int, ...]
    query: str
    folds: tuple[AnySplit, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def holds_back(self) -> bool:
        """Whether some rows are to validate on."""
        return self.validation is not None or bool(self.folds)

    def holding_back(self, split: AnySplit) -> "TrainingData":
        """The same rows, some of which are to validate on."""
        left = self.rows - split.size
        return TrainingData(
            replace(self.train, choice=Others(split), size=left),
            replace(self.train, choice=split, size=split.size),
            left,
            split.size,
            split.left if self.class_counts and isinstance(split, Split) else (),
            self.query,
            parts=self.parts,
        )

    def learnt_from(self) -> str:
        """A query of the training rows, for what the features learn."""
        if self.train.choice is None:
            return self.query
        return chosen_rows(self.train, self.train.choice, self.rows + self.validation_rows)

    def prepared_by(self, pipeline: Pipeline, parts: tuple[Part, ...]) -> "TrainingData":
        """The same rows with features that have learnt."""
        held = self.validation
        return replace(
            self,
            train=replace(self.train, pipeline=pipeline),
            validation=None if held is None else replace(held, pipeline=pipeline),
            parts=parts,
        )

    def by_fold(self) -> Iterator["TrainingData"]:
        """What each fold trains and validates on."""
        return map(self.holding_back, self.folds)


def prepare(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    *,
    pipeline: Pipeline,
    looked: Survey,
    settings: Mapping[str, Any],
) -> TrainingData:
    """The datasets to fit and to validate on.

    pipeline: its features need not have learnt yet; see `TrainingData.prepared_by`. For a ranking,
    rows are put in the order of their groups.

    Raises:
        StepError: the group column is missing or not asked for, or nothing is left to validate on.
    """
    _refuse_misplaced_group(looked, settings)
    _refuse_stopping_blindly(validation, settings)
    _refuse_weighing_nothing(context, rows, settings.get("weight"))
    roles = Roles(looked.labels if looked.is_supervised else (), settings.get("weight"))
    ordered = rows
    if looked.task == "ranking":
        ordered, roles = by_group(context, rows, roles, settings["group"])
    train = QueryDataset(ordered, pipeline, roles, size=looked.rows)
    if validation is not None:
        if looked.task == "ranking":
            validation, roles = by_group(context, validation, roles, settings["group"])
        rows_held = count(context, validation)
        _refuse_no_rows(rows_held)
        held = QueryDataset(validation, pipeline, roles, size=rows_held)
        return TrainingData(train, held, looked.rows, rows_held, looked.counts, rows.sql)
    data = TrainingData(train, None, looked.rows, 0, looked.counts, rows.sql)
    share: float = settings.get("validation.split") or 0.0
    folds: int = settings.get("validation.folds") or 0
    if not share and not folds:
        return data
    if share and looked.task == "forecasting":
        return _newest_held(context, train, share)
    seed, ranked = settings.get("seed") or 0, looked.task == "ranking"
    strata = _members(context, rows, settings["group"]) if ranked else looked.counts or (data.rows,)
    if folds:
        return replace(data, folds=(deal_groups if ranked else deal_rows)(strata, folds, seed))
    return data.holding_back((draw_groups if ranked else draw)(strata, share, seed))


def _newest_held(context: Context, train: QueryDataset, share: float) -> TrainingData:
    """The rows of the last `share` of the times are validated on: a forecast looks ahead.

    Rows without a time are among those to train on, where they are found before any training.
    """
    rank = unused("sqlml_rank", train.rows.schema.names)
    time = identifier(train.pipeline.columns[0])
    ranked = f"SELECT *, percent_rank() OVER (ORDER BY {time} NULLS FIRST) AS {rank} FROM "
    ranked += subquery(train.rows.sql)
    datasets = []
    for condition in (f"{rank} <= {1 - share!r}", f"{rank} > {1 - share!r}"):
        rows = context.rows(f"SELECT * FROM ({ranked}) WHERE {condition}", stable=False)
        datasets.append(replace(train, rows=rows, size=count(context, rows)))
    fitted, held = datasets
    return TrainingData(fitted, held, fitted.size or 0, held.size or 0, (), fitted.rows.sql)


def by_group(context: Context, rows: Rows, roles: Roles, group: str) -> tuple[Rows, Roles]:
    """The rows in the order of their groups, with a column that numbers the groups from 0."""
    number = unused("sqlml_group", rows.schema.names)
    place = unused("sqlml_place", rows.schema.names)
    ordered = context.rows(
        f"SELECT *, dense_rank() OVER (ORDER BY {identifier(group)}) - 1 AS {number}, "
        f"row_number() OVER () AS {place} FROM {subquery(rows.sql)} ORDER BY {number}, {place}",
        stable=False,
    )
    return ordered, replace(roles, group=number)


def count(context: Context, rows: Rows) -> int:
    return int(context.table(select_from("count(*)", rows.sql)).column(0)[0].as_py())


def _members(context: Context, rows: Rows, group: str) -> list[int]:
    """The number of rows of each group, in the order that `by_group` numbers them."""
    column = identifier(group)
    found = context.table(
        f"SELECT count(*) FROM {subquery(rows.sql)} GROUP BY {column} ORDER BY {column}"
    )
    return [int(members) for members in found.column(0).to_pylist()]


def _refuse_misplaced_group(looked: Survey, settings: Mapping[str, Any]) -> None:
    group = settings.get("group")
    if looked.task == "ranking" and not group:
        raise _problem(
            "E0420",
            "a ranking needs to know which rows are ranked against each other",
            "add `train.group = column`",
            "model",
        )
    if group and looked.task != "ranking":
        raise _problem(
            "E0420",
            f"`train.group` is for rankings, and this is a {looked.task}",
            "leave it out, or use a ranking objective such as `rank:ndcg`",
            "attribute train.group",
        )


def _refuse_stopping_blindly(validation: Rows | None, settings: Mapping[str, Any]) -> None:
    validated = validation is not None or settings.get("validation.split") is not None
    if settings.get("early_stopping_rounds") and not validated:
        raise _problem(
            "E0419",
            "early stopping needs rows to validate on",
            "add `validation.split = 0.2`, or `validation.select` with a query",
            "attribute train.early_stopping_rounds",
        )


def _refuse_weighing_nothing(context: Context, rows: Rows, weight: str | None) -> None:
    if weight is None:
        return
    heaviest = select_from(f"max(abs(CAST({identifier(weight)} AS DOUBLE)))", rows.sql)
    if context.table(heaviest).column(0)[0].as_py() == 0:
        raise _problem(
            "E0413",
            f"column `{weight}` cannot weigh rows: it is 0 in every row",
            "a weight is a number ≥ 0, and more than 0 in some rows",
            "attribute train.weight",
        )


def _refuse_no_rows(rows: int) -> None:
    if rows == 0:
        raise _problem(
            "E0401",
            "`validation.select` gives no rows",
            "look at its WHERE and LIMIT",
            "validation.select",
        )


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))
