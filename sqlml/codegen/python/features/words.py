"""TFIDF: which words a text has."""

from sqlml.codegen.python.features.block import Block, Scope, Spec
from sqlml.codegen.python.layout import call, literal
from sqlml.zoo.features.tfidf import DEFAULT_TOKENS


def written(spec: Spec, scope: Scope) -> Block:
    name = spec["column"]["column"]
    words = scope.name(f"{name}_words")
    texts = call("text", "rows", literal(name))
    learnt = call("learnt_words", texts, str(spec.get("n", DEFAULT_TOKENS)))
    return Block(
        call("tfidf", texts, f"*{words}"),
        f"*({literal(f'{name}=')} + word for word in {words}[0].to_pylist())",
        f"len({words}[0])",
        (f"{words} = {learnt}",),
        is_sparse=True,
    )
