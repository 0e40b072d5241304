"""Compare stylejax with an independent PyTorch program: features, losses, gradients and Adam's iterates.

    python scripts/compare_reference.py

Features in float32 with a full-width VGG-19, objectives in float64 with an eighth of the width, all with seeded weights and
small pictures on the CPU; about two minutes on two quiet cores. It prints one line a comparison, the largest deviation beside
the tolerance, and exits with 1 when one is exceeded.

`--write-golden` writes `scripts/reference/golden.npz` anew, the PyTorch program's answers for a tiny network in float64, which
the ordinary tests compare with, so that those need no PyTorch.
"""

import argparse
import importlib.util
import sys


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
