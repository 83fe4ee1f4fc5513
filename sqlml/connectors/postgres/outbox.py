"""What goes out to one client."""

import asyncio
from contextlib import suppress


class Outbox:
    """Messages that are collected, and sent together."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._unsent: list[bytes | memoryview] = []

    def add(self, *parts: bytes | memoryview) -> None:
        self._unsent += parts

    async def drain(self) -> None:
        """Send them, and wait for a client that is slow."""
        self.send()
        await self._writer.drain()

    def send(self) -> None:
        with suppress(ConnectionError):
            self._writer.writelines(self._unsent)
        self._unsent = []
