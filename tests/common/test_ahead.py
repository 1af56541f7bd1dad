"""Iterables that are run in threads, a little ahead."""

import threading

import pytest

from fastgrid.common.ahead import Ahead


def numbers(start, made=None):
    for i in range(start, start + 100):
        if made is not None:
            made.append(i)
        yield i


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_elements_come_those_of_each_in_order(threads):
    with Ahead([lambda k=k: numbers(1000 * k) for k in range(4)], threads) as ahead:
        found = list(ahead)
    assert sorted(found) == [1000 * k + i for k in range(4) for i in range(100)]
    for k in range(4):
        assert [i for i in found if i // 1000 == k] == list(numbers(1000 * k))


def test_nothing_gives_nothing():
    with Ahead([], 2) as ahead:
        assert list(ahead) == []
    with Ahead([lambda: iter(())] * 3, 2) as ahead:
        assert list(ahead) == []


def test_it_is_two_elements_ahead_and_no_more():
    made = []
    with Ahead([lambda: numbers(0, made)], 1) as ahead:
        for taken in ahead:
            assert len(made) <= taken + 3
    assert len(made) == 100


def test_an_error_is_raised_here_and_ends_all():
    def failing():
        yield 1
        raise ValueError("broken")

    before = set(threading.enumerate())
    with Ahead([failing, lambda: numbers(0)], 2) as ahead, pytest.raises(ValueError, match="broken"):
        for _ in range(200):
            next(ahead)
    assert set(threading.enumerate()) <= before  # others may have ended


def test_left_early_it_closes_what_runs():
    closed = threading.Event()

    def watched():
        try:
            yield from numbers(0)
        finally:
            closed.set()

    before = set(threading.enumerate())
    with Ahead([watched], 1) as ahead:
        assert next(ahead) == 0
    assert closed.is_set() and set(threading.enumerate()) <= before  # others may have ended
    # Nobody waits for more.
    assert list(ahead) == []
