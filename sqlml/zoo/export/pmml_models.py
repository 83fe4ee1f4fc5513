"""A model's arithmetic as PMML: trees, weights, and what makes values or classes of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from xml.etree.ElementTree import Element, SubElement

from sqlml.zoo.export.pmml_fields import Fields, apply
from sqlml.zoo.export.scoring import Below, Node, OneOf, Score, Scoring, Split

_STRICT = ("lessThan", "greaterOrEqual")


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted. classes: as they are written, by number; None where it is a number."""

    name: str
    type: str = "double"
    classes: tuple[str, ...] | None = None

    @property
    def chances(self) -> tuple[str, ...]:
        """The names of the classes' chances, which are those of PREDICT."""
        return tuple(f"{self.name}_proba_{value}" for value in self.classes or ())


@dataclass(frozen=True, slots=True)
class _Sum:
    """constant + the sum of weight · field: what a RegressionTable holds."""

    constant: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def scaled(self, scale: float) -> "_Sum":
        weights = {name: weight * scale for name, weight in self.weights.items()}
        return _Sum(self.constant * scale, weights)


def model(scoring: Scoring, target: Target, fields: Fields, columns: Mapping[str, bool]) -> Element:
    """The element of a model; columns: those that it is given, and whether each must have a value.

    Raises:
        Unknown: PMML has no words for a feature.
    """
    return _Writer(scoring, target, fields, columns).model()


class _Writer:
    """Writes a chain of models: those that give parts of the answer, and a last one."""

    def __init__(
        self, scoring: Scoring, target: Target, fields: Fields, columns: Mapping[str, bool]
    ) -> None:
        self._scoring = scoring
        self._target = target
        self._fields = fields
        self._columns = columns
        self._parts: dict[str, Element] = {}  # by the name of the field that each one gives

    def model(self) -> Element:
        sums = [self._sum(score) for score in self._scoring.scores]
        last = self._value(*sums) if self._scoring.classes is None else self._class(sums)
        whole = last
        if self._parts:
            whole = _model("MiningModel", last.get("functionName", ""))
            chain = SubElement(whole, "Segmentation", multipleModelMethod="modelChain")
            chain.extend(_segments([*self._parts.values(), last]))
            last[0].append(self._predicted())
        whole[0][:] = [self._predicted(), *self._prepared()]
        return whole

    # --- schemas --------------------------------------------------------------------------------

    def _predicted(self) -> Element:
        return Element("MiningField", name=self._target.name, usageType="target")

    def _prepared(self) -> Iterator[Element]:
        """The columns; where PREDICT refuses NULL, readers of PMML do too."""
        for column, is_needed in self._columns.items():
            made = Element("MiningField", name=column)
            if is_needed:
                made.set("missingValueTreatment", "returnInvalid")
            yield made

    def _given(self, tag: str, fields: Iterable[str] = ()) -> Element:
        """An empty model of a number, given the parts among these fields, or else the columns."""
        made = _model(tag, "regression")
        names = [name for name in fields if name in self._parts] or self._columns
        made[0].extend(Element("MiningField", name=name) for name in names)
        return made

    # --- parts ----------------------------------------------------------------------------------

    def _sum(self, score: Score) -> _Sum:
        weights = {self._fields.of(p): w for p, w in (score.weights or {}).items()}
        trees = [tree for tree in score.trees if isinstance(tree, Split)]
        leaves = sum(tree for tree in score.trees if isinstance(tree, float))
        if trees:
            weights[self._part(self._forest(trees))] = score.share
        return _Sum(score.constant + score.share * leaves, weights)

    def _part(self, made: Element) -> str:
        """Put a model before the last one; returns the name of the field that its result is."""
        name = f"sqlml_part_{len(self._parts)}"
        output = Element("Output")
        about = {"optype": "continuous", "dataType": "double", "feature": "predictedValue"}
        SubElement(output, "OutputField", about, name=name)
        made.insert(1, output)
        self._parts[name] = made
        return name

    def _forest(self, trees: Sequence[Split]) -> Element:
        models = [self._tree(tree) for tree in trees]
        if len(models) == 1:
            return models[0]
        made = self._given("MiningModel")
        SubElement(made, "Segmentation", multipleModelMethod="sum").extend(_segments(models))
        return made

    def _tree(self, tree: Split) -> Element:
        made = self._given("TreeModel")
        made.set("missingValueStrategy", "defaultChild")
        made.set("splitCharacteristic", "binarySplit")
        made.append(self._node(tree, Element("True"), count()))
        return made

    def _node(self, node: Node, predicate: Element, numbers: Iterator[int]) -> Element:
        made = Element("Node", id=str(next(numbers)))
        made.append(predicate)
        if isinstance(node, float):
            made.set("score", repr(node))
            return made
        # Both tests are written, so that a missing value passes neither, and goes to the default.
        test, opposite = _tests(self._fields.of(node.feature), node.test)
        yes, no = self._node(node.yes, test, numbers), self._node(node.no, opposite, numbers)
        made.set("defaultChild", (yes if node.missing == "yes" else no).get("id", ""))
        made.extend((yes, no))
        return made

    def _regression(self, total: _Sum, method: str) -> Element:
        made = self._given("RegressionModel", total.weights)
        made.set("normalizationMethod", method)
        made.append(_table(total))
        return made

    # --- the last one ---------------------------------------------------------------------------

    def _value(self, total: _Sum) -> Element:
        match self._scoring.link:
            case "signed_square":
                part = self._part(self._regression(total, "none"))
                return self._derived(part, apply("*", part, apply("abs", part)))
            case "softplus":
                part = self._part(self._regression(total, "none"))
                return self._derived(part, apply("ln", apply("+", 1, apply("exp", part))))
            case "logistic":
                return self._regression(total.scaled(self._scoring.scale), "logit")
            case link:
                return self._regression(total, "exp" if link == "exp" else "none")

    def _derived(self, part: str, value: Element) -> Element:
        """The model whose answer is an expression of a part."""
        made = self._regression(_Sum(weights={"sqlml_value": 1.0}), "none")
        made[0][:] = [Element("MiningField", name=part)]
        local = Element("LocalTransformations")
        about = {"optype": "continuous", "dataType": "double"}
        SubElement(local, "DerivedField", about, name="sqlml_value").append(value)
        made.insert(1, local)
        return made

    def _class(self, sums: Sequence[_Sum]) -> Element:
        """The model that chooses the class of the largest score, the first of equal ones."""
        link, scale = self._scoring.link, self._scoring.scale
        parts: list[str] = []
        if len(sums) == 1:
            # of two scores, 0 and s, softmax makes 1 / (1 + exp(-s)), and the first of equal ones
            sums, method = [_Sum(), sums[0].scaled(scale)], "softmax"
        elif link in ("logistic", "normalized_logistic"):
            parts = [self._part(self._regression(one.scaled(scale), "logit")) for one in sums]
            sums, method = [_Sum(weights={part: 1.0}) for part in parts], "simplemax"
        else:
            is_share = link == "identity" and self._scoring.probable
            method = "simplemax" if is_share else "softmax"
        made = self._given("RegressionModel", [name for one in sums for name in one.weights])
        made.set("functionName", "classification")
        made.set("normalizationMethod", method)
        if self._scoring.probable:
            made.append(self._chances(parts if link == "logistic" else ()))
        for number, one in zip(self._scoring.classes or (), sums, strict=True):
            made.append(_table(one, (self._target.classes or ())[number]))
        return made

    def _chances(self, parts: Sequence[str]) -> Element:
        """The columns that PREDICT adds; parts: the fields of chances that need not add up to 1."""
        output = Element("Output")
        places = {number: place for place, number in enumerate(self._scoring.classes or ())}
        about = {"optype": "continuous", "dataType": "double"}
        named = zip(self._target.classes or (), self._target.chances, strict=True)
        for number, (value, name) in enumerate(named):
            made = SubElement(output, "OutputField", about, name=name)
            if number in places and not parts:
                made.attrib |= {"feature": "probability", "value": value}
                continue
            made.set("feature", "transformedValue")
            if number in places:
                SubElement(made, "FieldRef", field=parts[places[number]])
            else:
                SubElement(made, "Constant", dataType="double").text = "0.0"
        return output


def _model(tag: str, function: str) -> Element:
    made = Element(tag, functionName=function)
    SubElement(made, "MiningSchema")
    return made


def _segments(models: Iterable[Element]) -> Iterator[Element]:
    for number, one in enumerate(models):
        made = Element("Segment", id=str(number))
        SubElement(made, "True")
        made.append(one)
        yield made


def _table(total: _Sum, category: str | None = None) -> Element:
    made = Element("RegressionTable", intercept=repr(total.constant))
    if category is not None:
        made.set("targetCategory", category)
    for name, weight in total.weights.items():
        SubElement(made, "NumericPredictor", name=name, coefficient=repr(weight))
    return made


def _tests(name: str, test: Below | OneOf) -> tuple[Element, Element]:
    """The predicates of a test and of its opposite."""
    match test:
        case Below(limit, inclusive):
            operators = ("lessOrEqual", "greaterThan") if inclusive else _STRICT
            one, other = (
                Element("SimplePredicate", field=name, operator=operator, value=repr(limit))
                for operator in operators
            )
        case OneOf(codes):
            one, other = (
                Element("SimpleSetPredicate", field=name, booleanOperator=operator)
                for operator in ("isIn", "isNotIn")
            )
            for made in (one, other):
                listed = SubElement(made, "Array", type="int", n=str(len(codes)))
                listed.text = " ".join(map(str, codes))
    return one, other
