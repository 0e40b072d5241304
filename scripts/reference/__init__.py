"""An independent PyTorch program for the losses and gradients of neural style transfer, and its comparison with stylejax.

`network`, `formulas`, `theirs` and `scales` are written from the papers and import nothing from stylejax. `ours` is the
stylejax side. `cases` is the table of comparisons. `scripts/compare_reference.py` runs them and also writes `golden.npz`.
"""
