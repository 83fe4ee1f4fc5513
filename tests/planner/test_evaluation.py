import pytest


@pytest.fixture
def flowers(bench):
    """The bench with a classifier and a clustering."""
    bench.store("flowers", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    bench.store("groups", {"petal_width": "DOUBLE"}, task="clustering")
    return bench


def test_the_label_is_that_of_the_training_and_metrics_those_of_the_task(flowers):
    operator = flowers.operator("SELECT * FROM iris TO EVALUATE flowers")
    assert (operator.label, operator.metrics) == (("species",), ())


def test_another_label_can_be_compared_with(flowers):
    operator = flowers.operator(
        "SELECT petal_width, species AS kind FROM iris TO EVALUATE flowers LABEL KIND"
    )
    assert operator.label == ("kind",)


def test_a_missing_label_is_an_error(flowers):
    code, message, span, hint = flowers.fault("SELECT petal_width FROM iris TO EVALUATE flowers")
    assert (code, span) == ("E0306", "SELECT petal_width FROM iris")
    assert message == "the query has no column `species`, the label of `flowers`"
    assert hint == "select it, or name another column with `LABEL column`"


def test_a_label_of_another_type_is_an_error(flowers):
    code, message, span, _ = flowers.fault(
        "SELECT * FROM iris TO EVALUATE flowers LABEL sepal_width"
    )
    assert (code, span) == ("E0308", "sepal_width")
    assert message == "column `sepal_width` is DOUBLE, and the label of `flowers` is VARCHAR"


def test_there_are_as_many_labels_as_in_the_training(flowers):
    code, message, *_ = flowers.fault(
        "SELECT *, species AS kind FROM iris TO EVALUATE flowers LABEL species, kind"
    )
    assert (code, message) == ("E0309", "`flowers` has 1 label, and there are 2")


def test_metrics_have_a_meaning_for_the_task(flowers):
    code, message, span, hint = flowers.fault(
        "SELECT * FROM iris TO EVALUATE groups WITH validation.metrics = 'accuracy'"
    )
    assert (code, span) == ("E0211", "'accuracy'")
    assert message == "`accuracy` does not measure clustering, which `groups` is for"
    assert hint.startswith("metrics: `silhouette`")


def test_an_unknown_metric_is_an_error_with_the_nearest_name(flowers):
    code, _, span, hint = flowers.fault(
        "SELECT * FROM iris TO EVALUATE flowers WITH validation.metrics = 'acuracy'"
    )
    assert (code, span, hint) == ("E0205", "'acuracy'", "did you mean `accuracy`?")


def test_a_clustering_can_be_compared_with_a_label_and_needs_none(flowers):
    assert flowers.operator("SELECT * FROM iris TO EVALUATE groups").label == ()
    operator = flowers.operator(
        "SELECT * FROM iris TO EVALUATE groups WITH validation.metrics = 'rand' LABEL species"
    )
    assert (operator.label, operator.metrics) == (("species",), ("rand",))


def test_some_metrics_need_a_label(flowers):
    code, message, *_ = flowers.fault(
        "SELECT * FROM iris TO EVALUATE groups WITH validation.metrics = 'rand'"
    )
    assert (code, message) == ("E0211", "`rand` compares with a label, and none is given")


def test_the_table_of_metrics_is_known_to_later_statements(flowers):
    evaluate = (
        "SELECT * FROM iris TO EVALUATE flowers WITH validation.metrics = 'f1, accuracy' "
        "INTO scores;"
    )
    assert flowers.plan(evaluate + "SELECT loss, f1, accuracy FROM scores")
    code, *_ = flowers.fault(evaluate + "SELECT f2 FROM scores")
    assert code == "E0302"


def test_metrics_do_not_replace_the_rows_that_they_are_about(flowers):
    code, message, span, hint = flowers.fault("SELECT * FROM iris TO EVALUATE flowers INTO iris")
    told = "`iris`, which the query reads, would be replaced by one row of metrics"
    assert (code, message, span) == ("E0320", told, "iris")
    assert hint == "write into a table of another name"


def test_plots_are_named_once_and_are_outputs(flowers):
    text = "SELECT * FROM iris TO EVALUATE flowers WITH evaluate.plots = [roc, 'ROC', pr] INTO s"
    assert flowers.operator(text).plots == ("roc", "pr")
    (node,) = flowers.nodes(text).values()
    assert [(output.name, output.kind) for output in node.outputs] == [
        ("table", "table"),
        ("plot", "plot"),
    ]


def test_a_plot_suits_the_task(flowers):
    code, message, span, hint = flowers.fault(
        "SELECT * FROM iris TO EVALUATE flowers WITH evaluate.plots = [residuals, roc]"
    )
    assert (code, span) == ("E0290", "[residuals, roc]")
    assert message == "`residuals` cannot be drawn for classification"
    assert hint.startswith("there are: `confusion`, `roc`")
    assert flowers.operator(
        "SELECT * FROM iris TO EVALUATE flowers WITH evaluate.plots = 'all'"
    ).plots == ("all",)
