"""Names and queries as parts of larger SQL."""


def identifier(name: str) -> str:
    """One name in double quotes, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def as_written(name: str) -> str:
    """One name as a person would write it: in quotes only where it needs them."""
    return name if name.isidentifier() else identifier(name)


def select_from(expressions: str, query: str) -> str:
    """A query over a query."""
    return f"SELECT {expressions} FROM {subquery(query)}"


def subquery(query: str) -> str:
    """A query as something to select from, called `sqlml_rows`."""
    # the line end keeps a comment at the query's end from eating the bracket
    return f"({query}\n) AS sqlml_rows"
