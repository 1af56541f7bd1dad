"""What a peer has to offer, and their names."""

from __future__ import annotations

from typing import Any, Protocol

from peers.work import Answer, Work


class MissingError(Exception):
    """A peer is not installed, or lacks what is asked for; one line."""


class Peer(Protocol):
    """A way to search a grid."""

    def unsuitable(self, work: Work) -> str:
        """Return why the peer cannot do this work, "" where it can; imports nothing of the peer."""

    def prepare(self, work: Work, workers: int) -> None:
        """Import and compile what the run needs, untimed; starts no worker.

        Raises
        ------
        MissingError
            Where the peer cannot be had.
        """

    def run(self, work: Work, workers: int) -> Any:
        """Do the work; this is what is timed."""

    def answer(self, work: Work, found: Any) -> Answer:
        """Make an answer of what `run` returned, untimed."""


def get_peer(name: str) -> Peer:
    from peers import fastgrid_peer, liquidsvm, opencv, scikit_learn

    peers: dict[str, Peer] = {
        "smo": fastgrid_peer.FastgridPeer("smo"),
        "smo-fast": fastgrid_peer.FastgridPeer("smo-fast"),
        "gridsearch": scikit_learn.GridSearchPeer("sklearn.svm"),
        "precomputed": scikit_learn.PrecomputedPeer(),
        "opencv": opencv.OpencvPeer(),
        "liquidsvm": liquidsvm.LiquidsvmPeer(),
        "intelex": scikit_learn.GridSearchPeer("sklearnex.svm"),
    }
    return peers[name]
