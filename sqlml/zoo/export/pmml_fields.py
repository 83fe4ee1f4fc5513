"""The fields of a PMML document: those of the data, and the features derived from them."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from sqlml.zoo.export.calendar import DAY, PARTS, Term
from sqlml.zoo.export.matrix import (
    Block,
    Code,
    Dates,
    Levels,
    Quantity,
    cross_table,
    known_values,
    unknown_feature,
)
from sqlml.zoo.export.scoring import Unknown
from sqlml.zoo.features.bucket import Bucket
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.cross import Cross
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.features.impute import Impute
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.numeric import Numeric
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.scale import Log, MinMax, Standardize
from sqlml.zoo.features.vocabulary import Vocabulary

_DATES = {"date": "date", "timestamp": "dateTime", "time": "timeOfDay"}
_NO_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fields:
    """Gives the field of each matrix column, and derives it when it is first asked for."""

    def __init__(self, pipeline: Pipeline, blocks: Iterable[Block]) -> None:
        self.derived: list[Element] = []
        self._pipeline = pipeline
        self._columns = [column for block in blocks for column in _columns(block)]
        self._taken = {column.name for column in pipeline.references}
        self._names: dict[object, str] = {}

    def of(self, place: int) -> str:
        """The name of the field that is the column at this place of the matrix.

        Raises:
            Unknown: PMML has no words for it.
        """
        block, level = self._columns[place]
        match block:
            case Quantity(of=number):
                return self._number(number)
            case Code(of=of):
                return self._code(of)
            case Levels():
                return self._level(block, level)
            case Dates(of=of):
                return self._part(of.column, of.parts[level])
            case _:
                assert_never(block)

    def data(self) -> Iterator[Element]:
        """The DataFields of the model's columns."""
        for column in self._pipeline.references:
            uses = [one for one in _parts(self._pipeline.features) if column in one.references]
            yield _data_field(column, uses)

    # --- numbers --------------------------------------------------------------------------------

    def _number(self, feature: Numeric) -> str:
        match feature:
            case Number(column=column) if column.kind == "boolean":
                made = Element("NormDiscrete", field=column.name, value="true")
                return self._derive(feature, _called(feature), made)
            case Number(column=column):
                return column.name
            case (
                Standardize(of=of, shift=shift, scale=scale)
                | MinMax(of=of, shift=shift, scale=scale)
            ):
                shifted = apply("-", self._number(of), shift)
                return self._derive(feature, _called(feature), apply("/", shifted, scale))
            case Log(of=of):
                return self._derive(feature, _called(feature), apply("ln", self._number(of)))
            case Impute(of=of, value=value) if value is not None:
                made = Element("FieldRef", field=self._number(of), mapMissingTo=repr(value))
                return self._derive(feature, _called(feature), made)
            case _:
                raise unknown_feature(feature)

    # --- dates ----------------------------------------------------------------------------------

    def _part(self, column: ColumnReference, part: str) -> str:
        name = f"{column.name}_{part}"
        return self._derive((column, part), name, _expression(self._term(column, PARTS[part])))

    def _term(self, column: ColumnReference, term: Term | float) -> Element | str | float:
        """A term as an expression; what is rounded is a field, since other terms use it, too."""
        if not isinstance(term, Term):
            return term
        if term.operator == "given":
            return self._derive((column, term), f"seconds of {column.name}", _seconds(column))
        made = apply(term.operator, *(self._term(column, one) for one in term.of))
        if term.operator == "floor":
            return self._derive((column, term), f"{column.name} rounded", made)
        return made

    # --- categories -----------------------------------------------------------------------------

    def _code(self, feature: Categorical) -> str:
        """The field of a category's id."""
        if feature not in self._names:
            made = self._code_expression(feature)
            kind = "continuous" if feature.is_ordered else "categorical"
            self._derive(feature, _called(feature), made, "integer", kind)
        return self._names[feature]

    def _code_expression(self, feature: Categorical) -> Element:
        match feature:
            case Vocabulary(column=column):
                return _vocabulary(feature, column)
            case CategoryId(of=ColumnReference() as column):
                return Element("FieldRef", field=column.name)
            case Bucket(of=Numeric() as of, boundaries=tuple(boundaries)):
                return _ranges(self._number(of), boundaries)
            case Cross():
                return self._combinations(feature)
            case _:
                raise unknown_feature(feature)

    def _combinations(self, feature: Cross) -> Element:
        parts, table = cross_table(feature)
        rows = ((*place, found) for place, found in np.ndenumerate(table))
        return _map([self._code(part) for part in parts], rows)

    def _level(self, block: Levels, level: int) -> str:
        code = self._code(block.of)
        if block.or_missing:
            made = _map([code], [(level, 1)])
        else:
            made = Element("NormDiscrete", field=code, value=str(level), mapMissingTo="0")
        name = f"{block.of.label}={printable(block.of.levels[level])}"
        return self._derive((block, level), name, made)

    # --- names ----------------------------------------------------------------------------------

    def _derive(
        self,
        what: object,
        name: str,
        expression: Element,
        data_type: str = "double",
        kind: str = "continuous",
    ) -> str:
        """Add a DerivedField, where there is none for this; returns its name, which is its own."""
        if what not in self._names:
            number, base = 1, name
            while name in self._taken:
                number += 1
                name = f"{base} ({number})"
            self._taken.add(name)
            self._names[what] = name
            field = Element("DerivedField", name=name, optype=kind, dataType=data_type)
            field.append(expression)
            self.derived.append(field)
        return self._names[what]


def apply(function: str, *arguments: "Element | str | float") -> Element:
    """A function of expressions, of fields (by name) and of numbers."""
    made = Element("Apply", function=function)
    for argument in arguments:
        match argument:
            case str():
                SubElement(made, "FieldRef", field=argument)
            case Element():
                made.append(argument)
            case _:
                SubElement(made, "Constant", dataType="double").text = repr(float(argument))
    return made


def _expression(given: "Element | str | float") -> Element:
    """What `apply` takes, as an expression of its own."""
    return given if isinstance(given, Element) else apply("+", given, 0)


def _seconds(column: ColumnReference) -> Element:
    """A date or time as seconds since 1970, or since midnight."""
    if column.kind == "time":
        made = Element("Apply", function="dateSecondsSinceMidnight")
        SubElement(made, "FieldRef", field=column.name)
        return made
    unit = "Days" if column.kind == "date" else "Seconds"
    made = Element("Apply", function=f"date{unit}SinceYear")
    SubElement(made, "FieldRef", field=column.name)
    SubElement(made, "Constant", dataType="integer").text = "1970"
    return apply("*", made, DAY) if column.kind == "date" else made


def printable(text: str) -> str:
    """A text that XML can hold.

    Raises:
        Unknown: it cannot hold this one.
    """
    if _NO_XML.search(text):
        raise Unknown(f"the text {text!r}")
    return text


def _columns(block: Block) -> Iterator[tuple[Block, int]]:
    match block:
        case Levels(of=of):
            yield from ((block, level) for level in range(of.size))
        case Dates(of=of):
            yield from ((block, place) for place in range(len(of.parts)))
        case _:
            yield block, 0


def _called(feature: Feature) -> str:
    inner = getattr(feature, "of", None)
    within = inner if isinstance(inner, Feature) and not isinstance(inner, Number) else None
    return f"{feature.function}({_called(within) if within else feature.label})"


def _vocabulary(feature: Vocabulary, column: ColumnReference) -> Element:
    values = feature.values or ()
    made = _map([column.name], known_values(feature).items())
    if feature.other:
        made.set("defaultValue", str(len(values)))
    if feature.fill is not None:
        made.set("mapMissingTo", str(values.index(feature.fill)))
    return made


def _map(fields: Sequence[str], rows: Iterable[Sequence[object]]) -> Element:
    """A number for each combination of the fields' values; each row has the number last."""
    names = [f"in{place}" for place in range(len(fields))]
    made = Element("MapValues", outputColumn="out", dataType="integer")
    for field, name in zip(fields, names, strict=True):
        SubElement(made, "FieldColumnPair", field=field, column=name)
    table = SubElement(made, "InlineTable")
    for row in rows:
        line = SubElement(table, "row")
        for name, value in zip([*names, "out"], row, strict=True):
            SubElement(line, name).text = printable(str(value))
    return made


def _ranges(field: str, boundaries: Sequence[float]) -> Element:
    made = Element("Discretize", field=field, dataType="integer")
    lows = [-sys.float_info.max, *boundaries]
    for place, (low, high) in enumerate(zip(lows, [*boundaries, None], strict=True)):
        bin_ = SubElement(made, "DiscretizeBin", binValue=str(place))
        interval = SubElement(bin_, "Interval", closure="closedOpen", leftMargin=repr(low))
        if high is not None:
            interval.set("rightMargin", repr(high))
    return made


# --- data -----------------------------------------------------------------------------------


def _parts(features: Iterable[Feature]) -> Iterator[Feature]:
    """The features and those within them."""
    for feature in features:
        yield feature
        within = [getattr(feature, "of", None), *getattr(feature, "parts", ())]
        yield from _parts(one for one in within if isinstance(one, Feature))


def _data_field(column: ColumnReference, uses: Sequence[Feature]) -> Element:
    data_type, kind = _type(column, uses)
    field = Element("DataField", name=column.name, optype=kind, dataType=data_type)
    sizes = [use.n for use in uses if isinstance(use, CategoryId)]
    if sizes:
        edges = {"leftMargin": "0", "rightMargin": str(min(sizes) - 1)}
        SubElement(field, "Interval", edges, closure="closedClosed")
    elif any(isinstance(use, Log) and isinstance(use.of, Number | Impute) for use in uses):
        SubElement(field, "Interval", closure="openOpen", leftMargin="0")
    if data_type == "double" and column.can_be_nan:
        SubElement(field, "Value", value="NaN", property="missing")
    return field


def _type(column: ColumnReference, uses: Sequence[Feature]) -> tuple[str, str]:
    """The data type and the kind of a column that has these uses."""
    match column.kind:
        case "boolean":
            return "boolean", "categorical"
        case "integer" | "float":
            return "double", "continuous"
        case "date" | "timestamp" | "time" if any(isinstance(use, DateParts) for use in uses):
            if not all(isinstance(use, DateParts) for use in uses):
                raise Unknown(f"the column `{column.name}` as a text and as a date")
            return _DATES[column.kind], "continuous"
        case _ if any(isinstance(use, CategoryId) for use in uses):
            return "integer", "continuous"
        case _ if any(isinstance(use, Number) for use in uses):
            return "double", "continuous"
        case _:
            return "string", "categorical"
