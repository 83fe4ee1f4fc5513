"""`for_each`: the same steps for each item of a list that a step returns."""

import sqlml


@sqlml.step
def cities() -> list[dict]:
    return [{"name": "Lima", "people": 10}, {"name": "Oslo", "people": 1}]


@sqlml.step
def double(people: int) -> int:
    return 2 * people


@sqlml.step
def describe(name: str, people: int) -> str:
    return f"{name}: {people} million"


@sqlml.step
def join(lines: list[str]) -> str:
    return "; ".join(lines)


with sqlml.workflow("for-each") as flow:
    with flow.for_each(cities(), parallelism=2) as city:
        line = describe(city["name"], double(city["people"]))
    join(line)  # after the loop, what its steps return are lists

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs["join"])
