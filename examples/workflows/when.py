"""`when` and `otherwise`: deploy the model if it is good enough, else say so."""

import sqlml


@sqlml.step
def deploy(model: str, r2: float) -> str:
    return f"deployed {model} ({r2:.2f})"


@sqlml.step
def give_up(model: str) -> str:
    return f"{model} is no good"


with sqlml.workflow("when") as flow:
    least = flow.parameter("least", 0.9, type="float", description="what is good enough")
    rows = flow.query("SELECT range AS x, 3 * range + 1 AS y FROM range(100)")
    model = flow.train("sklearn.linear_model.LinearRegression", rows, label="y", into="line")
    r2 = flow.evaluate(model, rows, label="y").metric("r2")
    with flow.when(r2 >= least):
        deploy(model, r2)
    with flow.otherwise():
        give_up(model)

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs)
