"""Settings of a training: the flags of the script, with defaults and help."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Flags of `scripts/train_slim.py`; the text below each is its help."""

    data: Path
    """Folder with train-0.npz, train-1.npz, ... and heldout.npz (see above)."""
    checkpoints: Path = Path("build/slim")
    """Folder for checkpoints; an existing training in it is resumed."""
    cache: Path | None = None
    """Folder for decoded pictures (1 to 3 GB for 100,000 of them); default: inside the checkpoints folder."""
    output: Path = Path("stylejax/weights/vgg19-slim.safetensors")
    """Weight file to write after training."""
    epochs: float | None = None
    """Length of the whole training, with all phases in proportion; 27 by default. When resuming, it changes the remaining
    steps; a completed training is extended in its last phase."""
    minutes: float | None = None
    """Instead of epochs, the remaining time in minutes; steps of every phase are timed first."""
    export_only: bool = False
    """Only write the weight file from the last checkpoint, without training."""
    seed: int = 0
    """Seed of the initial weights and of the order, crops and flips of the pictures."""
    batch: int = 128
    """Pictures per step, split over the devices."""
    peak_rate: float = 0.15
    """Maximum learning rate, reached after a warmup of two epochs and followed by cosine decay to zero."""
    weight_decay: float = 3e-4
    """Weight decay of kernels; biases and batch norm have none."""
    smoothing: float = 0.1
    """Label smoothing."""
    widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 128)
    """Channels of the five blocks."""
    devices: int = 2
    """On a CPU, number of parts of a batch, one per core. Accelerators are always all used."""
    save_every: float = 180.0
    """Seconds between checkpoints; there is also one at the end of every epoch."""
    trained_on: str = ""
    """Description of the data in the header of the weight file; default: the name of the folder, and counts."""
