"""Make the example data. Real sets come from scikit-learn; those marked synthetic are drawn.

    python examples/data/make.py

Real: iris, wine, breast cancer, diabetes and digits, as scikit-learn carries them (UCI, Lars).
Synthetic: houses, customers (churn), card payments (fraud), searches (ranking), offers of apps,
orders (a forecast), credit (a score card), papers (a graph), reviews (words by number) and a help
desk's tickets (a SQLite file), from a seed. Their columns relate to the label by rules, written
below, so that there is something to find.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from sklearn import datasets

FOLDER = Path(__file__).parent


def main() -> None:
    tables = {
        "iris.csv": named("iris", "species"),
        "wine.csv": named("wine", "cultivar"),
        "breast_cancer.csv": named("breast_cancer", "diagnosis"),
        "diabetes.csv": measured("diabetes", "progression"),
        "digits.parquet": digits(),
        "houses.csv": houses(np.random.default_rng(7)),
        "customers.csv": customers(np.random.default_rng(11)),
        "payments.parquet": payments(np.random.default_rng(13)),
        "searches.csv": searches(np.random.default_rng(17)),
        "offers.parquet": offers(np.random.default_rng(19)),
        "orders.csv": orders(np.random.default_rng(19)),
        "credit.csv": credit(np.random.default_rng(23)),
        **papers(np.random.default_rng(31)),
        "reviews.parquet": reviews(np.random.default_rng(29)),
    }
    for name, table in tables.items():
        kind = "HEADER" if name.endswith(".csv") else "FORMAT parquet, COMPRESSION zstd"
        con = duckdb.connect()
        con.register("rows", table)
        con.execute(f"COPY rows TO '{FOLDER / name}' ({kind})")
        print(f"{name}: {table.num_rows} rows, {table.num_columns} columns")
    write_desk(tickets(np.random.default_rng(37), tables["customers.csv"]))


def plain(name: str) -> str:
    return name.replace(" (cm)", "").replace(" ", "_").replace("/", "_")


def named(name: str, label: str) -> pa.Table:
    """A classification set, classes by name."""
    data = getattr(datasets, f"load_{name}")()
    columns = {plain(n): data.data[:, i] for i, n in enumerate(data.feature_names)}
    return pa.table({**columns, label: data.target_names[data.target]})


def measured(name: str, label: str) -> pa.Table:
    """A regression set."""
    data = getattr(datasets, f"load_{name}")(scaled=False)
    columns = {plain(n): data.data[:, i] for i, n in enumerate(data.feature_names)}
    return pa.table({**columns, label: data.target})


def digits() -> pa.Table:
    """8 × 8 pictures of digits, one list column of 64 grey values from 0 to 16."""
    data = datasets.load_digits()
    pixels = pa.FixedSizeListArray.from_arrays(data.data.astype(np.uint8).ravel(), 64)
    return pa.table({"pixels": pixels, "digit": data.target.astype(np.int32)})


def houses(draw: np.random.Generator, rows: int = 4_000) -> pa.Table:
    """Synthetic: sales of houses. Size, age, district and distance make the price, with noise."""
    districts = np.array(["harbour", "hill", "mill", "park", "station"])
    worth = np.array([1.35, 1.6, 0.8, 1.25, 1.0])
    district = draw.integers(0, 5, rows)
    area = np.round(draw.gamma(9, 12, rows) + 25)
    rooms = np.maximum(1, np.round(area / 26 + draw.normal(0, 0.7, rows))).astype(int)
    built = draw.integers(1890, 2024, rows)
    distance = np.round(draw.exponential(4, rows), 1)
    garden = draw.random(rows) < 0.4
    value = area * 2_600 * worth[district] * np.exp(-distance / 25)
    value *= 1 - np.minimum(2024 - built, 80) / 260
    price = np.round((value + garden * 22_000) * np.exp(draw.normal(0, 0.11, rows)), -2)
    return pa.table({
        "area": area, "rooms": rooms, "built": built, "distance": distance, "garden": garden,
        "district": districts[district], "price": price,
    })  # fmt: skip


def customers(draw: np.random.Generator, rows: int = 5_000) -> pa.Table:
    """Synthetic: a telephone company's customers; `churned` says who left."""
    plans = np.array(["basic", "family", "business", "prepaid"])
    plan = draw.choice(4, rows, p=[0.4, 0.25, 0.15, 0.2])
    payment = np.array(["card", "debit", "invoice"])[draw.integers(0, 3, rows)]
    start = np.datetime64("2018-01-01") + draw.integers(0, 2_100, rows)
    months = (np.datetime64("2023-12-31") - start).astype(int) / 30.4
    calls = draw.poisson(1.2, rows)
    bill = np.round(draw.normal(np.array([22, 48, 75, 12])[plan], 6), 2)
    score = -1.2 + 0.55 * calls - 0.035 * months + 1.8 * (plan == 3) + 0.02 * (bill - 30)
    score += 0.5 * (payment == "invoice")
    churned = draw.random(rows) < 1 / (1 + np.exp(-score))
    return pa.table({
        "id": np.arange(1, rows + 1), "plan": plans[plan],
        "payment": pa.array(payment, mask=draw.random(rows) < 0.06),
        "since": start.astype("datetime64[D]"),
        "bill": pa.array(bill, mask=draw.random(rows) < 0.04),
        "calls": calls, "churned": np.where(churned, "left", "stayed"),
    })  # fmt: skip


def tickets(draw: np.random.Generator, customers: pa.Table) -> pa.Table:
    """Synthetic: a help desk's tickets; those who left had more of them, and longer ones."""
    left = customers["churned"].to_numpy() == "left"
    counts = draw.poisson(np.where(left, 1.2, 0.3))
    customer = np.repeat(customers["id"].to_numpy(), counts)
    minutes = draw.exponential(np.repeat(np.where(left, 14.0, 7.0), counts))
    opened = np.datetime64("2023-01-01") + draw.integers(0, 364, len(customer))
    return pa.table({"customer": customer, "opened": opened, "minutes": np.round(minutes, 1)})


def write_desk(table: pa.Table) -> None:
    path = FOLDER / "desk.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as desk, desk:
        desk.execute("CREATE TABLE tickets (customer INTEGER, opened DATE, minutes REAL)")
        columns = [table[name].cast(pa.string()).to_pylist() for name in table.column_names]
        desk.executemany("INSERT INTO tickets VALUES (?, ?, ?)", zip(*columns, strict=True))
    print(f"{path.name}: {table.num_rows} rows, {table.num_columns} columns")


def payments(draw: np.random.Generator, rows: int = 30_000) -> pa.Table:
    """Synthetic: card payments; 0.8 % are fraud: odd hours, far away, unlike the card's habit."""
    fraud = draw.random(rows) < 0.008
    usual = draw.gamma(4, 12, rows)
    amount = np.where(fraud, usual * draw.gamma(4, 1.1, rows), usual * draw.gamma(6, 0.17, rows))
    hour = np.where(fraud & (draw.random(rows) < 0.6), draw.integers(0, 6, rows),
                    np.clip(draw.normal(14, 4, rows), 0, 23).astype(int))  # fmt: skip
    distance = np.where(fraud, draw.exponential(400, rows), draw.exponential(25, rows))
    shops = np.array(["food", "fuel", "travel", "electronics", "games"])
    odds = np.where(fraud[:, None], [0.1, 0.1, 0.2, 0.35, 0.25], [0.45, 0.25, 0.1, 0.12, 0.08])
    shop = (draw.random(rows)[:, None] > np.cumsum(odds, axis=1)).sum(axis=1).clip(0, 4)
    return pa.table({
        "amount": np.round(amount, 2).astype(np.float32),
        "usual_amount": np.round(usual, 2).astype(np.float32),
        "hour": hour.astype(np.int8), "distance_km": np.round(distance, 1).astype(np.float32),
        "shop": pa.array(shops[shop]).dictionary_encode().cast(pa.string()),
        "card_present": draw.random(rows) < np.where(fraud, 0.25, 0.85), "fraud": fraud,
    })  # fmt: skip


def searches(draw: np.random.Generator, queries: int = 300) -> pa.Table:
    """Synthetic: search results, 8 to 15 per query, with a relevance from 0 to 3."""
    sizes = draw.integers(8, 16, queries)
    query = np.repeat(np.arange(1, queries + 1), sizes)
    rows = len(query)
    match = draw.beta(2, 3, rows)
    fresh = draw.integers(0, 900, rows)
    links = draw.poisson(20 * draw.random(rows), rows)
    score = 4 * match - fresh / 700 + np.log1p(links) / 3 + draw.normal(0, 0.35, rows)
    relevance = np.searchsorted([1.2, 2.0, 2.8], score)
    return pa.table({
        "query": query, "text_match": np.round(match, 4), "age_days": fresh, "links": links,
        "relevance": relevance,
    })  # fmt: skip


def offers(draw: np.random.Generator, rows: int = 12_000) -> pa.Table:
    """Synthetic: apps offered to users. Which app a user has decides, for each offered app anew,
    whether it is taken; and so does the age, those in the middle taking most."""
    apps = np.array(["atlas", "bento", "chess", "diary", "earth", "fable", "guitar", "hiking"])
    has, offered = draw.integers(0, 8, rows), draw.integers(0, 8, rows)
    fits = draw.choice([-1.8, 1.8], (8, 8))
    age = draw.integers(16, 80, rows)
    hour = draw.integers(0, 24, rows)
    score = fits[has, offered] + 1.6 * np.cos((age - 45) / 12) + 0.03 * (hour - 12) - 0.4
    taken = draw.random(rows) < 1 / (1 + np.exp(-score))
    return pa.table({
        "has": apps[has], "offered": apps[offered], "age": age.astype(np.int8),
        "hour": hour.astype(np.int8), "taken": taken,
    })  # fmt: skip


def orders(draw: np.random.Generator, days: int = 420) -> pa.Table:
    """Synthetic: orders a day of two shops, with a trend, weeks, and errors that fade slowly."""
    day = np.arange(days)
    week = np.array([1.0, 0.95, 0.97, 1.0, 1.15, 1.4, 0.6])[day % 7]
    shops = {}
    for shop, start, growth in (("Oslo", 120, 0.1), ("Ulm", 260, -0.05)):
        error = np.zeros(days)
        for i, shock in enumerate(draw.normal(0, 6, days)):
            error[i] = 0.7 * error[i - 1] + shock if i else shock
        shops[shop] = np.round((start + growth * day) * week + error).astype(int)
    dates = np.datetime64("2023-11-06") + day
    return pa.table({
        "day": np.tile(dates.astype("datetime64[D]"), 2), "shop": np.repeat(list(shops), days),
        "orders": np.concatenate(list(shops.values())),
    })  # fmt: skip


def credit(draw: np.random.Generator, rows: int = 6_000) -> pa.Table:
    """Synthetic: loans; debts, a low income and few years at work make `paid_back` less likely."""
    income = np.round(draw.lognormal(7.7, 0.45, rows), -1)
    debts = np.round(draw.gamma(1.5, 0.14, rows), 3)
    years = draw.integers(0, 35, rows)
    homes = np.array(["own", "parents", "rent"])
    home = draw.choice(3, rows, p=[0.35, 0.15, 0.5])
    late = draw.poisson(0.4, rows)
    odds = 1.1 + 0.9 * np.log(income / 2_200) - 3.2 * debts + 0.06 * years - 0.9 * late
    odds += np.array([0.7, 0.1, 0.0])[home]
    unknown = draw.random(rows) < 0.12
    paid = draw.random(rows) < 1 / (1 + np.exp(-(odds - 0.8 * unknown)))
    return pa.table({
        "id": np.arange(1, rows + 1), "income": pa.array(income, mask=unknown), "debts": debts,
        "years_at_work": years, "home": homes[home], "late_payments": late,
        "paid_back": np.where(paid, "yes", "no"),
    })  # fmt: skip


def papers(draw: np.random.Generator, rows: int = 300) -> dict[str, pa.Table]:
    """Synthetic: papers of three fields, which cite their own field six times as often as another.
    Their words alone tell little of the field."""
    fields = np.array(["biology", "physics", "history"])
    field = draw.integers(0, 3, rows)
    words = np.round(draw.random((rows, 3)) + 0.25 * np.eye(3)[field], 2)
    cites = draw.random((rows, rows)) < np.where(field[:, None] == field, 0.03, 0.0025)
    begins, ends = np.nonzero(np.tril(cites, -1))  # a paper cites earlier ones
    papers = pa.table({
        "id": np.arange(rows), "cells": words[:, 0], "forces": words[:, 1], "kings": words[:, 2],
        "field": fields[field],
    })  # fmt: skip
    return {"papers.csv": papers, "citations.csv": pa.table({"paper": begins, "cites": ends})}


def reviews(draw: np.random.Generator, rows: int = 1_500) -> pa.Table:
    """Synthetic: reviews as numbers of words. 1 is "not", 2 to 11 praise, 12 to 21 blame, and the
    others say nothing; "not" turns the word behind it into its opposite."""
    texts, good = [], []
    while len(texts) < rows:
        words = draw.integers(22, 60, draw.integers(6, 13))
        praise, denied = draw.random(2) < 0.5
        place = draw.integers(1, len(words))
        words[place] = draw.integers(2, 12) if praise else draw.integers(12, 22)
        # "not" is always there: in front of the word, or of one that says nothing.
        words = np.insert(words, place if denied else place + 1, 1)
        texts.append(",".join(map(str, words)))
        good.append(bool(praise != denied))
    return pa.table({"id": np.arange(rows), "words": texts, "good": good})


if __name__ == "__main__":
    main()
