"""for-each, written by sqlml."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def in_threads(function, items, count):
    """What a function makes of each item, so many of them at a time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, items))


def cities() -> list[dict]:
    return [{"name": "Lima", "people": 10}, {"name": "Oslo", "people": 1}]


def join(lines: list[str]) -> str:
    return "; ".join(lines)


def double(people: int) -> int:
    return 2 * people


def describe(name: str, people: int) -> str:
    return f"{name}: {people} million"


def for_each(item_people, item_name):
    # double, line 28
    double_result = double(item_people)

    # describe, line 28
    describe_result = describe(item_name, double_result)
    return describe_result


# cities, line 27
cities_result = cities()

# for-each, line 27
for_each_result = in_threads(lambda each: for_each(each["people"], each["name"]), cities_result, 2)

# join, line 29
join_result = join(for_each_result)
print("join:", join_result)
