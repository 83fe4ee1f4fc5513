"""What is wrong with a problem, in the user's words and at the user's formula."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import as_written
from sqlml.zoo.solving.build import Built, NotFinite
from sqlml.zoo.solving.conflict import Conflict
from sqlml.zoo.solving.data import Data, Unusable
from sqlml.zoo.solving.evaluate import Uneven
from sqlml.zoo.solving.formula import Restriction, aggregates, restriction_text
from sqlml.zoo.solving.problem import Numbers

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Refusals:
    """Errors about one problem. variable, domain: their names."""

    data: Data
    restrictions: Sequence[Restriction]
    variable: str
    domain: str

    def not_finite(self, found: NotFinite) -> StepError:
        what = "the objective" if found.restriction is None else "this constraint"
        return _error(
            "E0550",
            f"{what} comes to infinity or to no number where {self.data.name(found.row)}",
            "a division by zero, or a number that is too large",
            "leave such rows out with WHERE",
            found.restriction,
        )

    def uneven(self, found: Uneven) -> StepError:
        first, other = (self.data.numbers[found.column][row] for row in found.rows)
        grouped = None if found.restriction is None else self.restrictions[found.restriction]
        by = None if grouped is None else grouped.group_by
        where = "" if by is None else f" where {self.data.name_group(by, found.rows[0])}"
        return _error(
            "E0555",
            f"column `{found.column}` is not the same in all rows{where}",
            f"it is {first:g} and {other:g}, beside an aggregate",
            f"aggregate it, too: `MIN({as_written(found.column)})`",
            found.restriction,
        )

    def not_convex(self, quadratic: Numbers, maximize: bool) -> StepError:
        row = int(np.argmax(quadratic if maximize else -quadratic))
        return _error(
            "E0554",
            f"the objective is not {'concave' if maximize else 'convex'}",
            f"{self.variable} ** 2 has the coefficient {quadratic[row]:g}"
            f" where {self.data.name(row)}",
            f"squares can be {'maximized' if maximize else 'minimized'} where their coefficients"
            f" are {'negative' if maximize else 'positive'}",
            None,
        )

    def unbounded(self, maximize: bool) -> StepError:
        return _error(
            "E0552",
            f"the objective can {'grow' if maximize else 'fall'} without bound",
            "no constraint stops it",
            f"add a constraint, such as `{self.variable} <= 100`, or another `var_type`",
            None,
        )

    def infeasible(self, built: Built, conflict: Conflict | None) -> StepError:
        if conflict is None:
            return self._infeasible(
                "nobody knows which of them are in conflict",
                "leave some out, or take fewer rows, to find them",
            )
        rows: dict[int, dict[int, None]] = {}  # a chain makes several rows of one
        for row in conflict.rows:
            restriction, at = built.origin(row)
            rows.setdefault(restriction, {})[at] = None
        (first, rows_of_first), *others = rows.items()
        with_ = [
            f"`{restriction_text(self.restrictions[number], self.variable)}`"
            f"{self._where(number, found)}"
            for number, found in others
        ]
        if conflict.variables:
            with_.append(f"`{self.variable}` in {self.domain}")
        label = f"cannot hold{self._where(first, rows_of_first)}"
        with_others = f", with {' and '.join(with_)}" if with_ else ""
        return self._infeasible(f"{label}{with_others}", "relax one of them", first)

    def only_real(self) -> StepError:
        return self._infeasible(
            f"real numbers do, but none that are {self.domain}",
            "relax a constraint, or try `var_type = Reals`",
        )

    def _infeasible(self, label: str, hint: str, restriction: int = 0) -> StepError:
        message = "no values satisfy all constraints"
        return _error("E0551", message, label, hint, restriction)

    def _where(self, number: int, found: Iterable[int]) -> str:
        """For which rows or groups a constraint is at fault."""
        rows = tuple(found)
        restriction = self.restrictions[number]
        if restriction.group_by is not None:
            by = restriction.group_by
            names = [self.data.name_group(by, row) for row in rows[:_MOST_NAMED]]
        elif any(aggregates(side) for side in restriction.sides):
            return ""
        else:
            names = [self.data.name(row) for row in rows[:_MOST_NAMED]]
        more = f", and {len(rows) - _MOST_NAMED:,} more" if len(rows) > _MOST_NAMED else ""
        return f" for {', '.join(names)}{more}"


def unusable(found: Unusable) -> StepError:
    column = as_written(found.column)
    what = "empty" if found.empty else "NaN or infinite"
    way = f"{column} IS NOT NULL" if found.empty else f"isfinite({column})"
    return StepError(
        Diagnostic(
            "E0550",
            f"column `{found.column}` is {what} in {found.count:,} of {found.rows:,} rows",
            label=f"first where {found.row}",
            hint=f"add `WHERE {way}`, or give it a value there",
            about=f"column {found.column}",
        )
    )


def no_rows() -> StepError:
    return StepError(
        Diagnostic(
            "E0401",
            "the query gives no rows",
            label="nothing to choose",
            hint="look at its WHERE and LIMIT",
            about="query",
        )
    )


def nothing_found(seconds: float | None) -> StepError:
    return StepError(
        Diagnostic(
            "E0553",
            "the solver stopped before it found any values that satisfy all constraints",
            label="" if seconds is None else f"after {seconds:g} seconds",
            hint="give it more time with `solver.time_limit`",
            about="attribute solver.time_limit",
        )
    )


def failed(solver: str, words: str) -> StepError:
    return StepError(
        Diagnostic(
            "E0556",
            f"solver `{solver}` gave up: {words}",
            hint="another one may do, with `USING`",
            about="using",
        )
    )


def _error(code: str, message: str, label: str, hint: str, restriction: int | None) -> StepError:
    about = "" if restriction is None else f"constraint {restriction + 1}"
    return StepError(Diagnostic(code, message, label=label, hint=hint, about=about))
