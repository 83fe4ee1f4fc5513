from sqlml.runtime.titles import titles
from sqlml.workflow.ir import (
    Check,
    Evaluate,
    Explain,
    Manage,
    ModelReference,
    Node,
    Operation,
    Output,
    OutputDeclaration,
    Predict,
    Query,
    Run,
    Script,
    Train,
    Workflow,
)

TRAIN = Node(
    "train",
    Train("xgboost.gbtree", {}, {}, {}, ("class",), "iris_model"),
    outputs=(OutputDeclaration("model", "model", "iris_model"),),
)


def title(operation: Operation, **inputs: Output | ModelReference) -> str:
    node = Node("step", operation, inputs)
    return titles(Workflow("w", (TRAIN, node)))["step"]


def test_a_title_names_what_works_and_what_it_makes() -> None:
    assert titles(Workflow("w", (TRAIN,)))["train"] == "xgboost.gbtree → iris_model"
    trained = Output("train", "model")
    assert title(Predict("class", {}, "answers"), model=trained) == "iris_model → answers"
    assert title(Predict("class", {}), model=ModelReference("m", 2)) == "m@2"
    assert title(Evaluate((), (), "scores"), model=ModelReference("m")) == "m → scores"
    assert title(Explain("", {}), model=trained) == "iris_model"
    assert title(Check({}, "changes"), model=trained) == "iris_model → changes"
    assert title(Manage("drop", "m")) == "drop m"
    assert title(Manage("show-models")) == "show-models"


def test_a_query_is_named_by_what_it_writes_or_by_its_first_words() -> None:
    assert title(Query("CREATE TABLE a AS …", writes=("a", "b"))) == "→ a, b"
    assert title(Query("SELECT\n   1")) == "SELECT 1"
    long = title(Query("SELECT " + ", ".join(f"column_{i}" for i in range(99))))
    assert len(long) == 60
    assert long.endswith("…")


def test_a_program_is_named_as_it_is_written() -> None:
    assert title(Run("tools/clean.py", ("--all",))) == "tools/clean.py"
    assert title(Run("split", into=("train", "test"), ready_made=True)) == "split → train, test"


def test_a_script_is_named_by_its_first_line_that_tells_something() -> None:
    assert title(Script("import json\nfrom os import path\n\ndef shout(n):\n    pass")) == (
        "def shout(n):"
    )
    assert title(Script("import antigravity")) == "import antigravity"
    assert title(Script("")) == ""


def test_the_function_of_a_model_is_written_as_in_the_program() -> None:
    query = Query("SELECT \"sqlml_predict:db.m\"({'a': a}), \"sqlml_predict_proba:m@3\"({'b': b})")
    assert title(query) == "SELECT PREDICT('db.m', {'a': a}), PREDICT_PROBA('m@3', {'b'…"
