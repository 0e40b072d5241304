"""For tests that start processes of their own and interrupt them."""

import signal


def heed_ctrl_c() -> None:
    """To be run in a new process: a background job of a shell ignores SIGINT, and so do its children unless told otherwise."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
