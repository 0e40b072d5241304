"""For tests that start processes of their own and interrupt them."""

import signal


def heed_ctrl_c() -> None:
    """To be run in a new process: a background job of a shell ignores SIGINT, one of `nohup` SIGHUP, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
