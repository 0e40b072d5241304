"""What a training is told: every flag of the script, its default and its help, in one place."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Flags of `scripts/train_slim.py`; the text under each is its help."""

    data: Path
    """Folder with train-0.npz, train-1.npz, ... and heldout.npz (see above)."""
    checkpoints: Path = Path("build/slim")
    """Folder of the training's state and log; where it exists, the training in it goes on."""
    cache: Path | None = None
    """Folder of the decoded pictures (1 to 3 GB for 100,000 of them); inside the checkpoints folder where not given."""
    output: Path = Path("stylejax/weights/vgg19-slim.safetensors")
    """The weight file to write when the training is complete."""
    epochs: float | None = None
    """Length of the whole training, all phases in proportion; 27 at first. At a resume it changes what is left;
    a complete training goes on in its last phase."""
    minutes: float | None = None
    """Instead of epochs: how long this machine may work from now on; steps of every phase are timed first."""
    export_only: bool = False
    """Write the weight file from the last checkpoint, finished or not, and train no further."""
    seed: int = 0
    """Decides the first weights and the order, crops and flips of the pictures."""
    batch: int = 128
    """Pictures a step, shared out over the devices."""
    peak_rate: float = 0.15
    """Highest learning rate; it climbs there over the first two epochs and then falls to zero along a cosine."""
    weight_decay: float = 3e-4
    """Weight decay of kernels; biases and batch norm do not decay."""
    smoothing: float = 0.1
    """Label smoothing."""
    widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 128)
    """Channels of the five blocks."""
    devices: int = 2
    """On a CPU: how many parts a batch is split into, each on its own core. Accelerators are all used anyway."""
    save_every: float = 180.0
    """Seconds between checkpoints; there is one at the end of every epoch, too."""
    trained_on: str = ""
    """What to call the data in the weight file's header; the folder's name and counts where not given."""
