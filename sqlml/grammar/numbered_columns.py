"""AUTO_INCREMENT and SERIAL: columns that a sequence of DuckDB's numbers."""

from sqlglot import exp, parse_one

from sqlml.quoting import identifier


def next_number(
    table: exp.Table, column: exp.ColumnDef, *, exists: bool = False, first: int = 1
) -> list[exp.Expr]:
    """The statement that makes the sequence, from which the column takes its values from now on.

    exists: the table may be there already, and with it the sequence. first: the first number.
    """
    sequence = identifier(f"{table.name}_{column.name}_seq")
    following = exp.Anonymous(this="nextval", expressions=[exp.Literal.string(sequence)])
    default = exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=following))
    column.set("constraints", [default, *(column.args.get("constraints") or ())])
    guard, replace = ("IF NOT EXISTS ", "") if exists else ("", "OR REPLACE ")
    made = f"CREATE {replace}SEQUENCE {guard}{sequence} START WITH {first}"
    return [parse_one(made, dialect="duckdb")]
