"""Messages between the two sides of a machine, whatever the stream does to them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.fullkernel import transport
from integration.fullkernel.transport import (
    BrokenStreamError,
    Channel,
    ChannelClosedError,
    LineDecoder,
    encode,
)

TEXTS = st.text(st.characters(codec=None))  # lone surrogates too: a program may print any bytes
MESSAGES = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS), max_size=4)


@given(st.lists(MESSAGES, max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_any_cut_of_the_stream_gives_the_same_messages(messages: list[dict[str, Any]], sizes: list[int]) -> None:
    data = b"".join(map(encode, messages))
    decoder = LineDecoder()
    found: list[dict[str, Any]] = []
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        found += decoder.feed(data[place : place + size])
        place, turn = place + size, turn + 1

    assert found == messages


def test_what_json_cannot_say_goes_as_text() -> None:
    assert encode({"path": Path("/a")}) == b'{"path":"/a"}\n'


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b'{"open": \n'])
def test_a_line_that_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenStreamError, match=r"not (a )?JSON"):
        list(LineDecoder().feed(line))


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_LINE", 10)

    with pytest.raises(BrokenStreamError, match="longer than 10 bytes"):
        list(LineDecoder().feed(b"x" * 11))


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """The host's end and the guest's."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    with theirs:
        theirs.settimeout(10)
        yield channel, theirs
        channel.close()


@pytest.fixture
def channel(ends: tuple[Channel, socket.socket]) -> Channel:
    """The host's end."""
    return ends[0]


@pytest.fixture
def far(ends: tuple[Channel, socket.socket]) -> socket.socket:
    """The guest's end."""
    return ends[1]


def test_both_directions(channel: Channel, far: socket.socket) -> None:
    channel.send({"run": 1})
    far.sendall(encode({"hello": {}}))

    arrival = channel.receive(10)

    assert far.recv(100) == b'{"run":1}\n'
    assert arrival is not None
    assert arrival.message == {"hello": {}}
    assert arrival.at <= time.monotonic()


def test_sending_does_not_wait_for_a_guest_that_does_not_read(channel: Channel, far: socket.socket) -> None:
    channel.send({"files": {"/a": "x" * (4 << 20)}})  # more than any socket's buffer
    channel.send({"poweroff": True})

    received = bytearray()
    while not received.endswith(b'{"poweroff":true}\n'):
        received += far.recv(1 << 20)
    assert len(received) > 4 << 20


def test_silence_is_no_message(channel: Channel) -> None:
    assert channel.receive(0.01) is None


def test_what_came_before_the_end_is_still_received(channel: Channel, far: socket.socket) -> None:
    far.sendall(encode({"exit": 0}))
    far.shutdown(socket.SHUT_RDWR)

    last = channel.receive(10)

    assert last is not None
    assert last.message == {"exit": 0}
    for _ in range(2):
        with pytest.raises(ChannelClosedError, match="it ended"):
            channel.receive(10)


def test_a_broken_stream_ends_the_channel(channel: Channel, far: socket.socket) -> None:
    far.sendall(b"Segmentation fault\n")

    with pytest.raises(ChannelClosedError, match="not JSON: b'Segmentation fault'"):
        channel.receive(10)
