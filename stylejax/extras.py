"""Optional dependencies: the packages of each extra, and the error that names the extra to install."""

from importlib.util import find_spec

from stylejax.errors import MissingExtraError

EXTRAS = {
    "app": ("gradio",),
    "cloud": ("fsspec",),
    "convert": ("h5py",),
    "demo": ("skimage",),
    "live": ("jinja2", "starlette", "uvicorn"),
    "parquet": ("pyarrow",),
    "ray": ("ray",),
    "torch": ("torch",),
    "video": ("av", "cv2"),
}
"""The modules that must be importable for each extra of `pyproject.toml`."""


def require_extra(extra: str, purpose: str, *, alternative: str = "") -> None:
    """Check that the packages of an extra are installed, without importing them.

    Args:
        extra: a key of `EXTRAS`.
        purpose: what needs them, the subject of the message.
        alternative: another way to reach the goal, if there is one.

    Raises:
        MissingExtraError: a package is missing; the message says how to install the extra.
    """
    missing = [package for package in EXTRAS[extra] if not _is_installed(package)]
    if missing:
        remedy = f"pip install 'stylejax[{extra}]'" + (alternative and f", or {alternative}")
        raise MissingExtraError(f"{purpose} needs {' and '.join(missing)}; install with: {remedy}")


def _is_installed(package: str) -> bool:
    """Whether a package can be imported; a mere folder of this name, whose spec has no origin, does not count."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None
