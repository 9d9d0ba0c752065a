"""Telling with two hands: processes that each tell a share of the story in a transaction of their own.

An act is a dozen statements that Django composes and PostgreSQL carries out, one after the other: one process keeps one
core busy for most of a minute. What happens in one tree of accounts is nobody else's business, so trees can be dealt
out. The hands see nothing of each other, and whatever both would write is an error after a moment (WAIT), not a hang.
"""

import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from django.db import connection, connections, transaction

HANDS = 2
WAIT = "10s"  # for a lock that the other hand holds until both are done
READY = "ready"


def at_hand() -> int:
    """How many hands there are here: a second one needs a second core, and a system on which a fork is safe."""
    return HANDS if sys.platform == "linux" and (os.process_cpu_count() or 1) >= HANDS else 1


def all_or_none(tasks: Sequence[Callable[[], None]]) -> None:
    """Carry out each task in a process and a transaction of its own, which are committed when all are ready. If one
    fails or dies, all are rolled back, and what went wrong is raised in the words of the one that failed.
    """
    connections.close_all()  # a connection cannot be in two processes
    fork = multiprocessing.get_context("fork")
    lines = [fork.Pipe() for _task in tasks]
    hands = [fork.Process(target=_hand, args=(task, lines, place)) for place, task in enumerate(tasks)]
    for hand in hands:
        hand.start()
    for _ours, theirs in lines:
        theirs.close()
    answers = [_answer(ours) for ours, _theirs in lines]
    for ours, _theirs in lines:
        if all(answer == READY for answer in answers):
            ours.send(READY)
        ours.close()  # a hand that hears no word rolls back
    for hand in hands:
        hand.join()
    if troubles := [answer for answer in answers if answer != READY]:
        raise RuntimeError("\n".join(troubles))
    if any(hand.exitcode for hand in hands):
        raise RuntimeError("A hand failed as it committed.")


def _answer(line: Connection) -> str:
    try:
        return str(line.recv())
    except EOFError:
        return "A hand died."


def _hand(task: Callable[[], None], lines: Sequence[tuple[Connection, Connection]], place: int) -> None:
    """What a child does: its task, then wait for the word to commit."""
    line = lines[place][1]
    for ours, theirs in lines:  # ends that are others': as long as they are open, nobody would hear that one died
        ours.close()
        if theirs is not line:
            theirs.close()
    with suppress(EOFError), transaction.atomic():
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
            task()
        except BaseException:
            line.send(traceback.format_exc())
            transaction.set_rollback(True)
            return
        line.send(READY)
        line.recv()


def dealt[T](shares: dict[str, tuple[float, list[T]]], hands: int) -> list[list[T]]:
    """The shares dealt out so that the weights in each hand are about the same: the heaviest first, to the lightest."""
    weights, dealt_out = [0.0] * hands, [list[T]() for _hand in range(hands)]
    for weight, things in sorted(shares.values(), key=lambda share: -share[0]):
        lightest = weights.index(min(weights))
        weights[lightest] += weight
        dealt_out[lightest] += things
    return dealt_out
