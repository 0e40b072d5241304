"""Whether a server answers at all, known within seconds.

A download is patient: it tries again and again, since what has come so far is worth it. Where there is another place to
get the same from, and not a byte has come, patience only costs time. An address behind a wall that drops everything is
the worst: each attempt waits for its own time-out, at every address of the host in turn.
"""

import threading

from stylejax.errors import WeightsError
from stylejax.weights.download.http import Retries
from stylejax.weights.download.resume import read_range


def check_reachable(url: str, *, retries: Retries, seconds: float = 15.0) -> None:
    """Get one byte of the file at `url`, in two tries and `seconds` at the most.

    Raises:
        WeightsError: it does not come; the message says why.
    """
    problems: list[WeightsError] = [WeightsError(f"{url} does not answer within {seconds:g} seconds; check the network")]

    def ask() -> None:
        try:
            read_range(url, 0, 1, retries=Retries(min(retries.tries, 2), retries.pause))
            problems.clear()
        except WeightsError as error:
            problems[0] = error

    # Left to itself when the time is up: it waits for the network alone, and ends with the program.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if problems:
        raise problems[0]
