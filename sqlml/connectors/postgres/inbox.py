"""What comes in from one client."""

import asyncio

from sqlml.connectors.postgres.limits import LARGEST_MESSAGE
from sqlml.connectors.postgres.messages import Body, ProtocolViolation

Message = tuple[bytes, Body]  # its kind, and what is in it


class Inbox:
    """Messages in the order in which they come; one of them may be looked at ahead."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._seen: Message | None = None

    async def receive(self) -> Message:
        """The next message.

        Raises:
            ProtocolViolation: it cannot be one.
            asyncio.IncompleteReadError: there is none, for the client is gone.
        """
        seen, self._seen = self._seen, None
        return seen or await self._read()

    async def is_next(self, kind: bytes) -> bool:
        """Whether the next message is of a kind; it is still there to be received."""
        if self._seen is None:
            self._seen = await self._read()
        return self._seen[0] == kind

    async def _read(self) -> Message:
        kind = await self._reader.readexactly(1)
        length = int.from_bytes(await self._reader.readexactly(4), "big", signed=True) - 4
        if not 0 <= length <= LARGEST_MESSAGE:
            raise ProtocolViolation("a message is too long")
        return kind, Body(await self._reader.readexactly(length))
