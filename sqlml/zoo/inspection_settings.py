"""The attributes of statements that look at a model or its rows: EVALUATE, EXPLAIN, CHECK."""

from sqlml.zoo.attributes import Attribute, Dictionary
from sqlml.zoo.measures.catalog import PLOTS
from sqlml.zoo.metrics import spellings

EVALUATE = Dictionary(
    (
        Attribute(
            "plots",
            choices=(*PLOTS, "all"),
            several=True,
            doc="What to draw, each into a file; `all` are those that suit the model.",
        ),
    )
)

EXPLAIN = Dictionary(
    (
        Attribute(
            "plot_type",
            choices=("bar", "dot", "violin", "decision"),
            default="bar",
            doc="The kind of plot: mean size of each feature's effect, or every row's effects.",
        ),
        Attribute(
            "max_display",
            ("integer",),
            default=20,
            minimum=1,
            doc="The most features that a plot shows.",
        ),
        Attribute(
            "sort",
            ("boolean",),
            default=True,
            doc="Show the features with the largest effect first.",
        ),
        Attribute(
            "keys",
            ("text",),
            several=True,
            doc="Columns of the query to put before the explanations, to tell rows apart.",
        ),
        Attribute(
            "repeats",
            ("integer",),
            default=5,
            minimum=1,
            maximum=10_000,
            doc="How often PermutationExplainer mixes up each column.",
        ),
        Attribute(
            "metric",
            choices=spellings(),
            doc="What PermutationExplainer measures; without it the usual metric of the task.",
        ),
        Attribute(
            "seed",
            ("integer",),
            default=0,
            minimum=0,
            maximum=2**31 - 1,
            doc="Where the random numbers of PermutationExplainer start.",
        ),
        Attribute(
            "features",
            ("text",),
            several=True,
            doc="The columns that PartialDependence varies; without it all that the model needs.",
        ),
        Attribute(
            "grid",
            ("integer",),
            default=20,
            minimum=2,
            maximum=10_000,
            doc="How many values PartialDependence gives to each column.",
        ),
    )
)

CHECK = Dictionary(
    (
        Attribute(
            "psi",
            ("number",),
            default=0.2,
            minimum=0,
            open_minimum=True,
            doc="From this population stability index on, a column has shifted.",
        ),
        Attribute(
            "ks",
            ("number",),
            default=0.2,
            minimum=0,
            maximum=1,
            open_minimum=True,
            doc="From this distance of Kolmogorov and Smirnov on, a number has shifted.",
        ),
        Attribute(
            "missing",
            ("number",),
            default=0.1,
            minimum=0,
            maximum=1,
            doc="By how much the share of missing values may rise.",
        ),
        Attribute(
            "new_categories",
            ("number",),
            default=0.05,
            minimum=0,
            maximum=1,
            doc="The share of rows that may have a category that was not trained on.",
        ),
        Attribute(
            "out_of_range",
            ("number",),
            default=0.05,
            minimum=0,
            maximum=1,
            doc="The share of rows that may lie outside the range that was trained on.",
        ),
        Attribute(
            "fail",
            ("boolean",),
            default=False,
            doc="Make it an error if a column has shifted or is broken, so that a program stops.",
        ),
    )
)
