"""Text that holds numbers: splitting and reading it, all rows at once."""

import pyarrow as pa

from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems

BRACKETS = " \t\r\n[](){}"


def split_texts(texts: pa.Array, delimiter: str) -> pa.ListArray:
    """The parts of each text. Brackets around it do not count; blanks as delimiter may repeat."""
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    trimmed = pc.utf8_trim(texts, characters=BRACKETS)
    if delimiter == " ":
        return pc.split_pattern_regex(trimmed, r"\s+")
    return pc.split_pattern(trimmed, delimiter)


def text_numbers(
    name: str, texts: pa.Array, rows: pa.Array, *, whole: bool = False, hint: str = ""
) -> pa.Array:
    """Texts as numbers: of type int64 where `whole`, else double. NULL stays NULL.

    rows: what to show of them in an error, one for each text.

    Raises:
        StepError: one is no number.
    """
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    texts = pc.utf8_trim_whitespace(texts)
    wanted = pa.int64() if whole else pa.float64()
    try:
        return texts.cast(wanted)
    except pa.ArrowInvalid:
        place = next(place for place, text in enumerate(texts) if not _casts(text, wanted))
        words = "a whole number" if whole else "a number"
        raise problems.unreadable(name, rows[place].as_py(), words, hint=hint) from None


def _casts(text: pa.Scalar, wanted: pa.DataType) -> bool:
    try:
        text.cast(wanted)
    except pa.ArrowInvalid:
        return False
    return True
