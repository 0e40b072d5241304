"""An independent PyTorch program for the losses and gradients of neural style transfer, and its comparison with stylejax.

`network`, `formulas` and `optimizer` are written from the papers and import nothing of stylejax; `ours` is the other side;
`cases` is the table of what is compared. Run by `scripts/compare_reference.py`, which also writes `golden.npz`.
"""
