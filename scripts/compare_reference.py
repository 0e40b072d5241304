"""Compare stylejax with an independent PyTorch program: features, losses, gradients and Adam's iterates.

    python scripts/compare_reference.py

Compares features in float32 with a full-width VGG-19, and objectives in float64 with an eighth of the width, with seeded
weights and small pictures on the CPU. Prints one line per comparison, with the largest deviation and the tolerance, and exits
with 1 if a tolerance is exceeded. Takes several minutes, most of which is compilation.

`--write-golden` rewrites `scripts/reference/golden.npz`, the results of the PyTorch program for a tiny network in float64. The
tests compare with this file and therefore need no PyTorch.
"""

import argparse
import importlib.util
import os
import sys

# Before JAX is imported: the pictures are small, and most of the time goes into compilation.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-golden", action="store_true", help="write the golden file and compare nothing")
    parser.add_argument("--only", default="", metavar="TEXT", help="only comparisons whose name contains TEXT")
    arguments = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed; the comparison needs it: pip install 'stylejax[reference]'", file=sys.stderr)
        return 2
    if arguments.write_golden:
        from reference.golden import write_golden

        print(write_golden())
        return 0
    from reference.compare import compare_all

    return 0 if compare_all(arguments.only) else 1


if __name__ == "__main__":
    sys.exit(main())
