"""Messages between the driver and a worker process over a socket, open files included."""

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlml.workflow.serial import thaw

_HEADER = struct.Struct("<IQ")  # bytes of JSON, bytes of body
_MOST_DESCRIPTORS = 4


class ChannelClosed(Exception):  # noqa: N818 - not an error: it is how a conversation ends
    """The other side has gone."""


@dataclass(frozen=True, slots=True)
class Message:
    """values: JSON. body: such as an Arrow IPC stream. descriptors: open files, ours to close."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | bytearray = b""
    descriptors: tuple[int, ...] = ()


class Channel:
    """One end of a conversation. Any thread may send; one thread receives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = Lock()

    def send(
        self, kind: str, *, body: bytes = b"", descriptors: Sequence[int] = (), **values: Any
    ) -> None:
        """Send a message. `descriptors` are duplicated for the receiver; the sender's stay open.

        Raises:
            ChannelClosed: the other side has gone.
        """
        text = json.dumps([kind, thaw(values)], ensure_ascii=False).encode("utf-8", "surrogatepass")
        header = _HEADER.pack(len(text), len(body))
        try:
            with self._sending:
                if descriptors:
                    socket.send_fds(self._connection, [header], list(descriptors))
                    self._connection.sendall(text)
                else:
                    self._connection.sendall(header + text)
                if body:
                    self._connection.sendall(body)
        except OSError as error:
            raise ChannelClosed from error

    def receive(self) -> Message:
        """Wait for the next message.

        Raises:
            ChannelClosed: the other side has gone.
        """
        try:
            start, descriptors, _, _ = socket.recv_fds(
                self._connection, _HEADER.size, _MOST_DESCRIPTORS
            )
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            if not start:
                raise ChannelClosed
            header = start + self._read(_HEADER.size - len(start))
            text_size, body_size = _HEADER.unpack(header)
            kind, values = json.loads(self._read(text_size).decode("utf-8", "surrogatepass"))
            return Message(kind, values, self._read(body_size), tuple(descriptors))
        except OSError as error:
            raise ChannelClosed from error

    def close(self) -> None:
        self._connection.close()

    def _read(self, size: int) -> bytearray:
        content = bytearray(size)
        view = memoryview(content)
        while view:
            count = self._connection.recv_into(view)
            if not count:
                raise ChannelClosed
            view = view[count:]
        return content
