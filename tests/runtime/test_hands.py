"""Threads that do the work of steps."""

from queue import SimpleQueue
from threading import Barrier, Event, get_ident
from threading import enumerate as enumerate_threads

from sqlml.config import Settings, current, in_force
from sqlml.runtime.hands import Hands


def test_all_work_is_done_at_once_and_threads_are_used_again() -> None:
    hands, together, told = Hands(), Barrier(5, timeout=60), SimpleQueue[int]()

    def meet() -> None:
        together.wait()
        told.put(get_ident())

    for _ in range(5):
        hands.do(meet)  # nobody comes through before all are there
    first = {told.get(timeout=60) for _ in range(5)}
    assert len(first) == 5
    seen: set[int] = set()
    for _ in range(50):
        done = Event()

        def note(done: Event = done) -> None:
            seen.add(get_ident())
            done.set()

        hands.do(note)
        assert done.wait(60)
    assert len(seen) < 50
    hands.close()
    assert not {thread.ident for thread in enumerate_threads()} & (first | seen)


def test_the_settings_in_force_are_in_force_in_the_threads_too() -> None:
    hands, told = Hands(), SimpleQueue[Settings]()
    settings = Settings(advisor="ask me")
    with in_force(settings):
        hands.do(lambda: told.put(current()))
    assert told.get(timeout=60) is settings
    hands.close()
