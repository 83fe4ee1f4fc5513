"""What a library warns of, as notes."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted(
    library: str, note: Callable[[str], None], *, only: type[Warning] = Warning
) -> Iterator[None]:
    """Warnings of the category `only` become notes, each once; not those of a library's future."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", only)
        for category in (DeprecationWarning, FutureWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", category)
        yield
    for text in dict.fromkeys(str(warning.message).strip() for warning in caught):
        note(f"{library}: " + " ".join(text.splitlines()[0].split()))
