"""What is left to do of an analysis, and what comes next."""

from inference.runtime.findings import Findings

#: A reader's page and so many of its lengths on either side of it come before everything else.
_NEIGHBOUR_PAGES = 1.0


class Agenda:
    """The parts that each network has still to look at, in the order in which they are handed out.

    What a reader is looking at comes first, with all networks; then each network goes through the rest from the start
    of the recording, one network after the other. A network has to be made before its parts are known.
    """

    def __init__(self, n_networks: int) -> None:
        self._unmade = list(range(n_networks))
        self._open: dict[int, list[tuple[float, float, range]]] = {}

    def open(self, network: int, findings: Findings) -> None:
        """Take in the parts of a network that has been made, but for those that are known already."""
        self._open[network] = [(*findings.span_s(part), part) for part in findings.parts if not findings.is_done(part)]

    def skip(self, network: int) -> None:
        """Leave out a network of which everything is known."""
        self._unmade.remove(network)

    def drop(self, network: int) -> None:
        """Forget what a network had still to do."""
        self._open.pop(network, None)

    def take(self, gaze: tuple[float, float] | None) -> tuple[int, range | None] | None:
        """Hand out what comes next.

        Parameters
        ----------
        gaze : the time at the left edge of the reader's page and its length, None where nobody looks.

        Returns
        -------
        A network and the part that it is to look at, None for a network that is to be made; None where nothing is left
        to hand out.
        """
        networks = sorted({*self._open, *self._unmade})
        if gaze is not None:
            for network in networks:
                if network in self._unmade:
                    return self._take_unmade(network)
                for place, (first_s, last_s, _) in enumerate(self._open[network]):
                    if _is_near(gaze, first_s, last_s):
                        return network, self._open[network].pop(place)[2]
        for network in networks:
            if network in self._unmade:
                return self._take_unmade(network)
            if self._open[network]:
                return network, self._open[network].pop(0)[2]
        return None

    def _take_unmade(self, network: int) -> tuple[int, None]:
        self._unmade.remove(network)
        return network, None


def _is_near(gaze: tuple[float, float], first_s: float, last_s: float) -> bool:
    onset_s, page_s = gaze
    return first_s <= onset_s + (1 + _NEIGHBOUR_PAGES) * page_s and last_s >= onset_s - _NEIGHBOUR_PAGES * page_s
