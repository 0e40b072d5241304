"""A quick check whether a server responds at all.

A download retries often, because the bytes received so far are worth it. Before the first byte, and where there is another
source, retrying only wastes time. The worst case is a firewall that drops packets: each attempt then waits for its own
time-out, for every address of the host in turn.
"""

import threading

from stylejax.errors import WeightsError
from stylejax.weights.download.http import Retries
from stylejax.weights.download.resume import read_range


def check_reachable(url: str, *, retries: Retries, seconds: float = 15.0) -> None:
    """Read one byte of the file at `url`, in at most two attempts and `seconds`.

    Raises:
        WeightsError: it did not arrive; the message says why.
    """
    problems: list[WeightsError] = [WeightsError(f"{url} does not answer within {seconds:g} seconds; check the network")]

    def attempt() -> None:
        try:
            read_range(url, 0, 1, retries=Retries(min(retries.tries, 2), retries.pause))
            problems.clear()
        except WeightsError as error:
            problems[0] = error

    # Abandoned when the time is up: it only waits for the network, and ends with the program.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if problems:
        raise problems[0]
