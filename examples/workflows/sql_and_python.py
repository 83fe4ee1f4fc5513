"""Statements of SQL, a Python function, a script and a container as steps of one workflow."""

import sqlml


@sqlml.step(retries=2, timeout="1m")
def best(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda number: scores[number]) + 1


@sqlml.step
def as_list(one: float, other: float) -> list[float]:
    return [one, other]


with sqlml.workflow("sql-and-python", timeout="1h") as flow:
    table = flow.sql(
        "CREATE OR REPLACE TABLE points AS SELECT range AS x, range % 7 AS y FROM range(200)"
    )
    scores = []
    for depth in (1, 6):  # written out: each is a statement of its own
        tree = flow.train(
            "sklearn.tree.DecisionTreeRegressor",
            table,
            label="y",
            into=f"tree_{depth}",
            model__max_depth=depth,
        )
        scores.append(flow.evaluate(tree, table, label="y").metric("r2"))
    number = best(as_list(*scores))
    told = flow.script("echo tree number $1", ["sh"], [number])
    flow.container("busybox", "echo", ["done after", told]) >> flow.sql("DROP TABLE points")

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs)
