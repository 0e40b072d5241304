"""Several processes that paint one picture: all of them run the same."""

import json
from collections.abc import Sequence

from stylejax.errors import SettingsError
from stylejax.network.vgg import VGG19
from stylejax.run.checkpoint.fingerprint import difference, run_identity
from stylejax.run.inputs.job import Job
from stylejax.run.processes.lockstep import Lockstep


def check_alike(lockstep: Lockstep, model: VGG19, jobs: Sequence[Job], *, devices: int, split: int) -> None:
    """Refuse processes that were given different things to paint: they would wait for each other for ever.

    Raises:
        SettingsError: in all processes; those that differ from process 0 say in what.
    """
    if not lockstep.several:
        return
    ours = json.loads(json.dumps(run_identity(model, jobs, devices=devices, split=split)))
    differs = difference(ours, lockstep.told(ours))
    if any(lockstep.most(bool(differs))):
        what = f"this process differs from process 0: {differs}" if differs else "another process differs from this one"
        raise SettingsError(f"{what}; start all processes with the same arguments, pictures and network")
