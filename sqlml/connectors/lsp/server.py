"""What the language server answers."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, redirect_stdout, suppress
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from sqlml import __version__
from sqlml.config import Settings
from sqlml.connectors.lsp.checking import faults
from sqlml.connectors.lsp.positions import Positions
from sqlml.connectors.lsp.shadow import Shadow
from sqlml.editing.candidate import Candidate
from sqlml.editing.completion import complete
from sqlml.editing.documentation import documented, word_at
from sqlml.editing.names import Names, read_names
from sqlml.editing.outline import origin, symbols
from sqlml.errors import Diagnostic
from sqlml.source import Source

_Changed = (
    types.DidOpenTextDocumentParams
    | types.DidChangeTextDocumentParams
    | types.DidSaveTextDocumentParams
)
_KINDS: Mapping[str, types.CompletionItemKind] = {
    "keyword": types.CompletionItemKind.Keyword,
    "table": types.CompletionItemKind.Struct,
    "column": types.CompletionItemKind.Field,
    "model": types.CompletionItemKind.Variable,
    "estimator": types.CompletionItemKind.Class,
    "attribute": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
    "function": types.CompletionItemKind.Function,
}
_SYMBOLS: Mapping[str, types.SymbolKind] = {
    "model": types.SymbolKind.Class,
    "table": types.SymbolKind.Struct,
    "job": types.SymbolKind.Event,
    "statement": types.SymbolKind.Field,
}


class Server:
    """Answers about the documents that an editor has open."""

    def __init__(self, settings: Settings) -> None:
        self._dialect = settings.dialect
        self._shadow = Shadow(settings)
        self._names = Names()
        self._last: dict[str, Source] = {}  # documents as they are, until they are checked
        self._checking = ThreadPoolExecutor(1, "check")
        # in pieces they would go wrong: editors see lines end at fewer characters than pygls does
        self._editor = LanguageServer("sqlml", __version__, types.TextDocumentSyncKind.Full)
        tell = self._editor.feature
        for event in (
            types.TEXT_DOCUMENT_DID_OPEN,
            types.TEXT_DOCUMENT_DID_CHANGE,
            types.TEXT_DOCUMENT_DID_SAVE,
        ):
            tell(event)(_answering(self.check))
        tell(types.TEXT_DOCUMENT_DID_CLOSE)(_answering(self.forget))
        triggers = types.CompletionOptions(trigger_characters=[".", "@", "="])
        tell(types.TEXT_DOCUMENT_COMPLETION, triggers)(_answering(self.complete))
        tell(types.TEXT_DOCUMENT_HOVER)(_answering(self.hover))
        tell(types.TEXT_DOCUMENT_DEFINITION)(_answering(self.define))
        tell(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(_answering(self.outline))

    def serve(self) -> None:
        """Answer until the editor leaves."""
        asked = os.fdopen(os.dup(sys.stdin.fileno()), "rb")  # pygls closes what it is given
        answered = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        with closing(self._shadow), self._checking, redirect_stdout(sys.stderr):
            try:
                self._editor.start_io(asked, answered)  # stdout is the protocol's alone
            finally:
                self._last.clear()  # what waits to be checked is wanted no more

    def check(self, asked: _Changed) -> None:
        """Tell what is wrong with a document, once that is known; others are answered meanwhile."""
        uri = asked.text_document.uri
        source, positions = self._read(uri)
        self._last[uri] = source
        loop = asyncio.get_running_loop()

        def work() -> None:
            if self._last.get(uri) is not source:  # it has changed meanwhile
                return
            found = [_diagnostic(one, positions, source) for one in self._faults(source)]
            with suppress(RuntimeError):  # the editor has left
                loop.call_soon_threadsafe(self._mark, uri, source, found)

        self._checking.submit(work).add_done_callback(_report)

    def _faults(self, source: Source) -> Sequence[Diagnostic]:
        session = self._shadow.session()
        if session is not None:
            self._names = read_names(session.database, session.store)
        return faults(source, session, self._dialect)

    def forget(self, asked: types.DidCloseTextDocumentParams) -> None:
        """Take back what was told of a document that is closed."""
        uri = asked.text_document.uri
        self._last.pop(uri, None)
        self._mark(uri, None, [])

    def _mark(self, uri: str, source: Source | None, shown: list[types.Diagnostic]) -> None:
        """source: that was checked; an older one says nothing of how the document is now."""
        if self._last.get(uri) is not source:
            return
        told = types.PublishDiagnosticsParams(uri, shown)
        self._editor.text_document_publish_diagnostics(told)

    def complete(self, asked: types.CompletionParams) -> types.CompletionList:
        """What may be written at a place."""
        source, positions = self._read(asked.text_document.uri)
        offset = positions.offset(asked.position)
        found = complete(source.text, offset, self._names, self._dialect)
        replaced = types.Range(positions.position(found.start), asked.position)
        items = [_item(one, i, replaced) for i, one in enumerate(found.candidates)]
        return types.CompletionList(is_incomplete=False, items=items)

    def hover(self, asked: types.HoverParams) -> types.Hover | None:
        """What the word at a place means."""
        source, positions = self._read(asked.text_document.uri)
        offset = positions.offset(asked.position)
        found = documented(source, offset, self._names, self._dialect)
        if found is None:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(text, positions.range(found.span))

    def define(self, asked: types.DefinitionParams) -> types.Location | None:
        """The statement that makes what is named at a place: here, else in another document."""
        here = asked.text_document.uri
        source, positions = self._read(here)
        word = word_at(source, positions.offset(asked.position))
        if word is None:
            return None
        name = word.text.partition("@")[0]
        others = (uri for uri in self._editor.workspace.text_documents if uri != here)
        for uri in (here, *others):
            source, positions = self._read(uri)
            found = origin(source, name, self._dialect)
            if found is not None:
                return types.Location(uri, positions.range(found.name_span))
        return None

    def outline(self, asked: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """The statements of a document, by what they make."""
        source, positions = self._read(asked.text_document.uri)
        return [
            types.DocumentSymbol(
                name=one.name,
                kind=_SYMBOLS[one.kind],
                range=positions.range(one.span),
                selection_range=positions.range(one.name_span),
                detail=one.detail,
            )
            for one in symbols(source, self._dialect)
        ]

    def _read(self, uri: str) -> tuple[Source, Positions]:
        document = self._editor.workspace.get_text_document(uri)
        source = Source(document.path or uri, document.source)
        return source, Positions(source, self._editor.workspace.position_codec)


def serve(settings: Settings) -> None:
    """Serve one editor over stdin and stdout, to its end."""
    Server(settings).serve()


def _answering(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of its own, as pygls leaves marks on those that it calls."""

    def answer(asked: Any) -> Any:
        return method(asked)

    return answer


def _report(done: Future[None]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        logging.getLogger(__name__).error("a document could not be checked", exc_info=error)


def _diagnostic(found: Diagnostic, positions: Positions, source: Source) -> types.Diagnostic:
    span = found.span
    whole = types.Range(types.Position(0, 0), types.Position(0, 0))
    lines = [found.message, found.label, f"hint: {found.hint}" if found.hint else ""]
    return types.Diagnostic(
        range=positions.range(span) if span and span.source.written is source else whole,
        message="\n".join(filter(None, lines)),
        severity=types.DiagnosticSeverity.Error,
        code=found.code,
        source="sqlml",
    )


def _item(candidate: Candidate, place: int, replaced: types.Range) -> types.CompletionItem:
    doc = types.MarkupContent(types.MarkupKind.Markdown, candidate.doc) if candidate.doc else None
    return types.CompletionItem(
        label=candidate.text,
        kind=_KINDS[candidate.kind],
        detail=candidate.detail or None,
        documentation=doc,
        sort_text=f"{place:05}",
        filter_text=candidate.text,
        text_edit=types.TextEdit(replaced, candidate.text),
    )
