"""The columns of a plain script's matrix, by the COLUMN functions that give them."""

FEATURES = {  # what writes each of them
    "NUMERIC": "numbers:written",
    "LOG": "numbers:written",
    "STANDARDIZE": "numbers:written",
    "MINMAX": "numbers:written",
    "IMPUTE": "numbers:written",
    "DATE_PARTS": "dates:written",
    "TIME": "dates:time",
    "DENSE": "lists:dense",
    "SPARSE": "lists:sparse",
    "TFIDF": "words:written",
    "TEXT": "categories:of_text",
    "VOCABULARY": "categories:written",
    "BUCKET": "categories:written",
    "CATEGORY_ID": "categories:written",
    "CATEGORY_HASH": "categories:written",
    "CROSS": "categories:written",
    "INDICATOR": "categories:indicator",
    "EMBEDDING": "categories:indicator",
    "SEQ_CATEGORY_ID": "lists:sequence",
}
