"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPORT = Path(__file__).parent
GOLDEN = ROOT / "scripts" / "reference" / "golden.npz"
