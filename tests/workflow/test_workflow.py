"""The IR: what it accepts, how it prints, parses and hashes."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.errors import ProgramError
from sqlml.source import Source
from sqlml.workflow.graph import needs, topological_order
from sqlml.workflow.hashing import normalized_sql, static_hash
from sqlml.workflow.ir import (
    After,
    Alter,
    Check,
    Constant,
    Evaluate,
    Explain,
    Manage,
    ModelReference,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Predict,
    Query,
    Relation,
    Resources,
    Train,
    Workflow,
)
from sqlml.workflow.serial import from_json, to_json
from sqlml.workflow.text import parse_workflow, print_workflow
from sqlml.workflow.verification import verify

ROWS = Relation("SELECT * FROM t", ("t",), stable=True)
TRAIN = Node(
    "train",
    Train("xgboost.gbtree", {"max_depth": 6}, {}, {"": ()}, ("class",), "m", "SELECT …"),
    {"rows": ROWS},
    (OutputDeclaration("model", "model", "m"),),
    place=Place("iris.sql", 1, 1),
)
PREDICT = Node(
    "predict",
    Predict("class", {}, "answers"),
    {"rows": ROWS, "model": Output("train", "model")},
    (OutputDeclaration("table", "table", "answers"),),
    (After("train"),),
)
FLOW = Workflow("iris.sql", (TRAIN, PREDICT))


def fault(workflow: Workflow) -> str:
    with pytest.raises(ProgramError) as caught:
        verify(workflow)
    return str(caught.value)


def test_a_valid_workflow_is_accepted() -> None:
    verify(FLOW)


def test_passing_an_output_is_the_edge() -> None:
    assert needs(replace(PREDICT, after=())) == ("train",)


def test_two_nodes_of_one_name_are_refused() -> None:
    assert "two steps are named `train`" in fault(Workflow("w", (TRAIN, TRAIN)))


def test_a_name_that_no_engine_takes_is_refused() -> None:
    assert "`Train_1` cannot name a step" in fault(Workflow("w", (replace(TRAIN, name="Train_1"),)))


def test_an_unknown_node_is_refused_with_the_nearest_name() -> None:
    node = replace(PREDICT, inputs={"rows": ROWS, "model": Output("trian", "model")}, after=())
    message = fault(Workflow("w", (TRAIN, node)))
    assert "`trian`, which is not there" in message
    assert "did you mean `train`" in message


def test_an_undeclared_output_is_refused() -> None:
    node = replace(PREDICT, inputs={"rows": ROWS, "model": Output("train", "weights")})
    assert "`train` does not declare: `weights`" in fault(Workflow("w", (TRAIN, node)))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"rows": ROWS}, "has no input `model`"),
        ({"rows": ROWS, "model": ModelReference("m"), "extra": ROWS}, "takes no input `extra`"),
        ({"rows": ROWS, "model": ROWS}, "must be a model, not rows"),
        ({"rows": ModelReference("m"), "model": ModelReference("m")}, "must be a dataset"),
        ({"rows": Constant(3), "model": ModelReference("m")}, "must be a dataset, not a constant"),
        ({"rows": Parameter("p"), "model": ModelReference("m")}, "names no parameter: `p`"),
    ],
)
def test_missing_extra_and_ill_typed_inputs_are_refused(inputs: dict, message: str) -> None:
    assert message in fault(Workflow("w", (TRAIN, replace(PREDICT, inputs=inputs))))


def test_a_circle_is_refused_and_named() -> None:
    first = Node("a", Query("SELECT 1"), after=(After("b"),))
    second = Node("b", Query("SELECT 2"), after=(After("a"),))
    assert "in a circle: " in fault(Workflow("w", (first, second)))


def test_a_long_chain_is_ordered_without_recursion() -> None:
    chain = tuple(
        Node(f"n{i}", Query("SELECT 1"), after=(After(f"n{i - 1}"),) if i else ())
        for i in range(5_000)
    )
    assert topological_order(Workflow("w", tuple(reversed(chain)))) == chain


def test_comments_layout_names_and_places_do_not_change_the_hash() -> None:
    laid_out = Relation("SELECT *\n  FROM t -- all of it\n/* yes */ ", ("t",), stable=True)
    other = replace(TRAIN, name="train-2", inputs={"rows": laid_out}, place=None)
    assert static_hash(other, {}) == static_hash(TRAIN, {})


@pytest.mark.parametrize(
    "other",
    [
        replace(TRAIN, operation=replace(TRAIN.operation, parameters={"max_depth": 7})),
        replace(TRAIN, inputs={"rows": Relation("SELECT * FROM u", ("u",), stable=True)}),
        replace(TRAIN, operation=replace(TRAIN.operation, into="n")),
    ],
)
def test_what_a_step_does_changes_the_hash(other: Node) -> None:
    assert static_hash(other, {}) != static_hash(TRAIN, {})


def test_another_library_version_changes_the_hash() -> None:
    assert static_hash(TRAIN, {"xgboost": "3.1"}) != static_hash(TRAIN, {"xgboost": "3.2"})


@pytest.mark.parametrize(
    ("sql", "normal"),
    [
        ("SELECT '--  a' ,\n\t1", "SELECT '--  a' , 1"),
        ('SELECT "a  b"', 'SELECT "a  b"'),
        ("SELECT /* a */  -- b\n 1", "SELECT 1"),
        ("SELECT $$ -- x $$ -- y", "SELECT $$ -- x $$"),
        ("SELECT 'it''s  /* */'", "SELECT 'it''s  /* */'"),
        (r"SELECT E'it\'s  --' ,  1", r"SELECT E'it\'s  --' , 1"),
        ("SELECT date'2020'  , e", "SELECT date'2020' , e"),
    ],
)
def test_strings_and_quoted_names_keep_their_layout(sql: str, normal: str) -> None:
    assert normalized_sql(sql) == normal


def test_a_line_that_is_no_workflow_is_located() -> None:
    with pytest.raises(ProgramError, match=r"flow\.txt:2:1"):
        parse_workflow(Source("flow.txt", 'workflow "w"\nnonsense here\n'))


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
identifiers = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
words = st.from_regex(r"[a-z_]{1,10}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=6,
)
maps = st.dictionaries(names, values, max_size=3)
tuples_of_names = st.lists(names, max_size=3).map(tuple)
operations = st.one_of(
    st.builds(Query, names, tuples_of_names, tuples_of_names, st.booleans(), st.booleans()),
    st.builds(Train, names, maps, maps, maps, tuples_of_names, names, names),
    st.builds(Predict, names, maps, st.none() | names),
    st.builds(Evaluate, tuples_of_names, tuples_of_names, st.none() | names, tuples_of_names),
    st.builds(Explain, names, maps, st.none() | names),
    st.builds(Check, maps, st.none() | names),
    st.builds(
        Manage,
        st.sampled_from(["show-train", "show-models", "describe", "drop"]),
        names,
        version=st.none() | st.integers(1, 99) | names,
    ),
    st.builds(Alter, st.sampled_from(["set-alias", "set-tag", "rename"]), names, names),
)
inputs = st.one_of(
    st.builds(Constant, values),
    st.builds(Parameter, names),
    st.builds(Output, identifiers, words),
    st.builds(Relation, names, tuples_of_names, st.booleans(), st.booleans()),
    st.builds(ModelReference, names, st.none() | st.integers(1, 99) | names),
)
kinds = st.sampled_from(["parameter", "dataset", "model", "table", "plot"])
nodes = st.builds(
    Node,
    identifiers,
    operations,
    st.dictionaries(words, inputs, max_size=3),
    st.lists(st.builds(OutputDeclaration, words, kinds, names), max_size=2).map(tuple),
    st.lists(st.builds(After, identifiers), max_size=2).map(tuple),
    st.builds(Resources, st.none() | st.floats(0.1, 64), st.none() | st.integers(1)),
    st.none() | st.builds(Place, names, st.integers(1), st.integers(1)),
)
workflows = st.builds(
    Workflow,
    names,
    st.lists(nodes, max_size=4).map(tuple),
    st.dictionaries(words, st.builds(ParameterDeclaration, default=values), max_size=2),
)


@given(workflows)
def test_json_gives_the_same_workflow_back(workflow: Workflow) -> None:
    assert from_json(json.loads(json.dumps(to_json(workflow)))) == workflow


@given(workflows)
def test_the_text_form_gives_the_same_workflow_back(workflow: Workflow) -> None:
    assert parse_workflow(Source("w", print_workflow(workflow))) == workflow


@given(st.text())
def test_any_text_is_a_workflow_or_a_located_error(text: str) -> None:
    with suppress(ProgramError):
        parse_workflow(Source("w", text))
