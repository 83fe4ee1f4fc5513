import pytest

from sqlml.planner.plan import ModelUse
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import Alter, ModelReference, Output

TRAIN = "SELECT * FROM iris TO TRAIN lightgbm.gbdt LABEL species INTO {};"
PREDICT = "SELECT * FROM iris TO PREDICT USING {};"


@pytest.fixture
def shelf(bench):
    """The bench with two versions of a model, the first of which is the champion."""
    bench.store("flowers", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    bench.store("flowers", {"stem": "DOUBLE"}, {"species": "VARCHAR"})
    bench.alias("flowers", "champion", 1)
    return bench


def test_an_alias_stands_wherever_a_version_may(shelf):
    for statement in (
        PREDICT.format("Flowers@Champion"),
        "SELECT * FROM iris TO EVALUATE flowers@champion",
        "SELECT * FROM iris TO EXPLAIN flowers@champion",
        TRAIN.format("m").replace("INTO", "USING flowers@champion INTO"),
        "DESCRIBE MODEL flowers@champion",
        "SHOW TRAIN flowers@champion",
    ):
        if "TRAIN lightgbm" in statement:
            code, *_ = shelf.fault(statement)  # of another family, not of an unknown model
            assert code not in ("E0202", "E0210", "E0281")
            continue
        version = shelf.operator(statement).model.version
        assert (shelf.operator(statement).model.name, version.lower()) == ("flowers", "champion")


def test_the_columns_of_the_version_behind_an_alias_are_checked(shelf):
    assert shelf.plan(PREDICT.format("flowers@champion"))
    moved = "ALTER MODEL flowers SET ALIAS champion = 2;" + PREDICT.format("flowers@champion")
    code, message, *_ = shelf.fault(moved)
    assert (code, "stem" in message) == ("E0310", True)


def test_an_unknown_alias_has_a_nearest_one_or_a_way_to_make_it(shelf):
    assert shelf.fault(PREDICT.format("flowers@champoin")) == (
        "E0281",
        "model `flowers` has no alias `champoin`",
        "flowers@champoin",
        "did you mean `champion`?",
    )
    *_, hint = shelf.fault("ALTER MODEL flowers DROP ALIAS champion; DESCRIBE MODEL flowers@best")
    assert "ALTER MODEL flowers SET ALIAS best = 1" in hint
    code, _, span, _ = shelf.fault("ALTER MODEL flowers DROP ALIAS best")
    assert (code, span) == ("E0281", "best")


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ("flowers SET ALIAS a = 7", "E0210", "SET ALIAS a = 7"),
        ("flowers@7 SET ALIAS a", "E0210", "flowers@7"),
        ("flowers SET ALIAS a = best", "E0281", "SET ALIAS a = best"),
        ("flower SET ALIAS a = 1", "E0202", "flower"),
        ("flowers@7 SET TAG a = 1", "E0210", "flowers@7"),
        ("flower RENAME TO m", "E0202", "flower"),
    ],
)
def test_what_is_altered_must_be_there(shelf, change, code, place):
    found, _, span, _ = shelf.fault(f"ALTER MODEL {change}")
    assert (found, span) == (code, place)


@pytest.mark.parametrize(
    ("change", "use", "name"),
    [
        ("SET ALIAS a = 1", ModelUse("flowers", 1), "a"),
        ("SET ALIAS a = champion", ModelUse("flowers", "champion"), "a"),
        ("SET ALIAS a", ModelUse("flowers"), "a"),
        ("DROP ALIAS champion", ModelUse("flowers"), "champion"),
        ("DROP TAG stage", ModelUse("flowers"), "stage"),
        ("RENAME TO blossoms", ModelUse("flowers"), "blossoms"),
    ],
)
def test_what_is_altered_is_found_when_the_step_runs(shelf, change, use, name):
    operator = shelf.operator(f"ALTER MODEL flowers {change}")
    assert (operator.model, operator.name) == (use, name)


def test_a_tag_is_a_text(shelf):
    values = [
        shelf.operator(f"ALTER MODEL flowers SET TAG t = {value}").value
        for value in ("'a b'", "word", "1.50", "TRUE")
    ]
    assert values == ["a b", "word", "1.5", "TRUE"]


@pytest.mark.parametrize("version", ["1", "champion"])
def test_a_version_with_an_alias_is_not_dropped(shelf, version):
    code, message, _, hint = shelf.fault(f"DROP MODEL flowers@{version}")
    assert (code, "`champion`" in message, "DROP ALIAS" in hint) == ("E0282", True, True)
    assert shelf.plan("ALTER MODEL flowers DROP ALIAS champion; DROP MODEL flowers@1")
    assert shelf.plan("ALTER MODEL flowers SET ALIAS champion = 2; DROP MODEL flowers@1")
    assert shelf.plan("DROP MODEL flowers")


def test_an_alias_is_gone_with_its_model(shelf):
    code, *_ = shelf.fault(
        "DROP MODEL flowers;" + TRAIN.format("flowers") + PREDICT.format("flowers@champion")
    )
    assert code == "E0281"


def test_an_alias_of_what_the_program_trains_stays_when_it_trains_again(bench):
    text = (
        TRAIN.format("m")
        + "ALTER MODEL m SET ALIAS champion; ALTER MODEL m SET ALIAS best = champion;"
        + TRAIN.format("m").replace("*", "petal_width, species")
        + PREDICT.format("m@best")
        + PREDICT.format("m").replace("*", "petal_width")
    )
    nodes = bench.nodes(text)
    assert nodes["alter"].operation == Alter("set-alias", "champion")
    assert nodes["alter"].inputs == {"model": Output("train", "model")}
    assert nodes["alter-2"].inputs == {"model": ModelReference("m", "champion")}
    assert nodes["predict"].inputs["model"] == ModelReference("m", "best")
    assert "alter-2" in needs(nodes["train-2"])
    assert "train-2" in needs(nodes["predict"])


def test_a_renamed_model_is_known_by_its_new_name_only(shelf):
    rename = "ALTER MODEL flowers RENAME TO blossoms;"
    code, _, span, _ = shelf.fault(rename + PREDICT.format("flowers"))
    assert (code, span) == ("E0202", "flowers")
    assert shelf.plan(rename + PREDICT.format("blossoms@1") + PREDICT.format("blossoms@champion"))
    code, *_ = shelf.fault(rename + PREDICT.format("blossoms"))
    assert code == "E0310"  # the newest version is the one with a stem
    assert shelf.plan(rename + TRAIN.format("flowers") + PREDICT.format("flowers"))


def test_a_model_that_the_program_trains_is_found_by_its_new_name_when_it_runs(bench):
    text = TRAIN.format("m") + "ALTER MODEL m RENAME TO n;" + PREDICT.format("n")
    predict = bench.nodes(text)["predict"]
    assert predict.inputs["model"] == ModelReference("n")
    assert needs(predict) == ("alter",)


def test_a_model_cannot_take_the_name_of_another(shelf):
    shelf.store("other", {"petal_width": "DOUBLE"})
    code, message, span, _ = shelf.fault("ALTER MODEL flowers RENAME TO OTHER")
    assert (code, span) == ("E0283", "OTHER")
    assert "`other`" in message
    assert shelf.plan("ALTER MODEL flowers RENAME TO Flowers")
