"""COLUMN functions: fitted once, stored with the model, replayed."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.zoo.features.contract import Feature

FEATURES: "Registry[type[Feature]]" = Registry(
    "COLUMN function",
    "sqlml.features",
    "E0430",
    {
        "NUMERIC": "sqlml.zoo.features.number:Number",
        "STANDARDIZE": "sqlml.zoo.features.scale:Standardize",
        "MINMAX": "sqlml.zoo.features.scale:MinMax",
        "LOG": "sqlml.zoo.features.scale:Log",
        "IMPUTE": "sqlml.zoo.features.impute:Impute",
        "BUCKET": "sqlml.zoo.features.bucket:Bucket",
        "TEXT": "sqlml.zoo.features.text:Text",
        "VOCABULARY": "sqlml.zoo.features.vocabulary:Vocabulary",
        "CATEGORY_ID": "sqlml.zoo.features.category_id:CategoryId",
        "CATEGORY_HASH": "sqlml.zoo.features.category_hash:CategoryHash",
        "CROSS": "sqlml.zoo.features.cross:Cross",
        "INDICATOR": "sqlml.zoo.features.indicator:Indicator",
        "DENSE": "sqlml.zoo.features.dense:Dense",
        "SPARSE": "sqlml.zoo.features.sparse:Sparse",
        "DATE_PARTS": "sqlml.zoo.features.date_parts:DateParts",
        "TIME": "sqlml.zoo.features.time:Time",
        "TFIDF": "sqlml.zoo.features.tfidf:Tfidf",
        "EMBEDDING": "sqlml.zoo.features.embedding:Embedding",
        "SEQ_CATEGORY_ID": "sqlml.zoo.features.seq_category_id:SeqCategoryId",
        "WEIGHTED_CATEGORY": "sqlml.zoo.features.weighted_category:WeightedCategory",
    },
)
