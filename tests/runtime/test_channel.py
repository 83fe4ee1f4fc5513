import os
import socket
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.runtime.workers.channel import Channel, ChannelClosed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def pair() -> tuple[Channel, Channel]:
    left, right = socket.socketpair()
    return Channel(left), Channel(right)


@given(value=JSON, body=st.binary(max_size=2000))
def test_any_json_and_any_bytes_arrive_as_they_were_sent(value: object, body: bytes) -> None:
    left, right = pair()
    left.send("news", body=body, value=value)
    message = right.receive()
    left.close()
    right.close()
    assert (message.kind, message.values, bytes(message.body)) == ("news", {"value": value}, body)


def test_messages_that_do_not_fit_the_socket_arrive_whole_and_in_order() -> None:
    left, right = pair()
    bodies = [bytes([n]) * (1 << 20) for n in range(4)]
    sender = Thread(target=lambda: [left.send("part", body=body) for body in bodies])
    sender.start()
    assert [bytes(right.receive().body) for _ in bodies] == bodies
    sender.join()
    left.close()
    right.close()


def test_open_files_travel_with_a_message() -> None:
    left, right = pair()
    source, target = os.pipe()
    left.send("take", descriptors=[source], what="a pipe")
    os.close(source)
    (taken,) = right.receive().descriptors
    os.write(target, b"through it")
    assert os.read(taken, 100) == b"through it"
    assert not os.get_inheritable(taken)
    for descriptor in (taken, target):
        os.close(descriptor)
    left.close()
    right.close()


def test_tuples_arrive_as_lists() -> None:
    left, right = pair()
    left.send("news", value=(1, ("a",)))
    assert right.receive().values == {"value": [1, ["a"]]}
    left.close()
    right.close()


def test_the_end_of_the_other_side_is_noticed_by_both_verbs() -> None:
    left, right = pair()
    right.close()
    with pytest.raises(ChannelClosed):
        left.receive()
    with pytest.raises(ChannelClosed):
        left.send("hello")
    left.close()
