"""Files appear whole or not at all, and the cache is private."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylejax.errors import ImageError, StylejaxError
from stylejax.files.atomic import check_writable, write_atomically
from stylejax.files.cache import cache_folder, compiled_folder, private_folder, weights_folder

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def ordinary_user_folder() -> Iterator[Path]:
    """A folder that an ordinary user may enter; while it lives root acts as one, since root may do anything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = os.geteuid() == 0
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)


def test_writes_a_new_file_and_leaves_nothing_else(tmp_path: Path):
    with write_atomically(tmp_path / "a" / "b" / "picture.bin") as file:
        assert not (tmp_path / "a" / "b" / "picture.bin").exists()
        file.write(b"whole")
    assert (tmp_path / "a" / "b" / "picture.bin").read_bytes() == b"whole"
    assert names(tmp_path / "a" / "b") == ["picture.bin"]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_the_old_file_and_no_litter(tmp_path: Path, interruption: type[BaseException]):
    target = tmp_path / "kept.bin"
    target.write_bytes(b"old")
    with pytest.raises(interruption), write_atomically(target) as file:
        file.write(b"half of the new")
        file.flush()
        raise interruption
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["kept.bin"]


@pytest.mark.parametrize(("module", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_failure_while_finishing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, step: str
):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "kept.bin"
    target.write_bytes(b"old")
    monkeypatch.setattr(module, step, fail)
    with pytest.raises(OSError, match="No space"), write_atomically(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["kept.bin"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc/self/fd")
def test_a_rename_and_new_folders_are_flushed_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A power cut after the block may not bring the old file back, nor lose the folders above the new one."""
    done: list[tuple[str, object]] = []
    flush, replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        done.append(("flush", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        flush(descriptor)

    def rename(path: Path, target: Path) -> Path:
        done.append(("rename", target))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    with write_atomically(tmp_path / "a" / "b" / "new") as file:
        file.write(b"1")
    folders, (data, renamed, listed) = done[:-3], done[-3:]
    assert sorted(folders) == [("flush", str(tmp_path)), ("flush", str(tmp_path / "a"))]
    assert (data[0], renamed, listed) == (
        "flush",
        ("rename", tmp_path / "a" / "b" / "new"),
        ("flush", str(tmp_path / "a" / "b")),
    )
    assert str(data[1]).endswith(".tmp")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_folders_that_cannot_be_flushed_are_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "not here")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with write_atomically(tmp_path / "new") as file:
        file.write(b"1")
    assert (tmp_path / "new").read_bytes() == b"1"


@posix
def test_new_files_follow_the_umask_and_replaced_ones_keep_their_permissions(tmp_path: Path):
    previous = os.umask(0o027)
    try:
        for _ in range(2):
            with write_atomically(tmp_path / "new") as file:
                file.write(b"1")
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
        (tmp_path / "new").chmod(0o600)
        with write_atomically(tmp_path / "new") as file:
            file.write(b"2")
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    finally:
        os.umask(previous)


@posix
def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with write_atomically(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_check_writable_accepts_what_can_be_written_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "old.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "new.png", tmp_path / "old.png", tmp_path / "x" / "y" / "new.png", Path("new.png")):
        check_writable(path)
    assert names(tmp_path) == ["old.png"]


def test_check_writable_refuses_folders_and_files_as_folders(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StylejaxError, match="is a folder; name a file"):
        check_writable(tmp_path)
    with pytest.raises(ImageError, match="is a file, not a folder"):
        check_writable(tmp_path / "file" / "deeper" / "out.png", error=ImageError)
    with pytest.raises(StylejaxError, match="cannot be written"):
        check_writable(tmp_path / ("n" * 300))


@posix
def test_check_writable_refuses_devices():
    with pytest.raises(StylejaxError, match="device or a pipe"):
        check_writable(Path("/dev/null"))


@posix
def test_check_writable_refuses_folders_and_files_without_permission(ordinary_user_folder: Path):
    closed = ordinary_user_folder / "closed"
    closed.mkdir()
    (ordinary_user_folder / "protected.png").write_bytes(b"old")
    (ordinary_user_folder / "protected.png").chmod(0o444)
    closed.chmod(0o555)
    check_writable(ordinary_user_folder / "fine.png")
    with pytest.raises(StylejaxError, match="no permission to write in"):
        check_writable(closed / "out.png")
    with pytest.raises(StylejaxError, match="no permission to write in"):
        check_writable(closed / "missing" / "out.png")
    with pytest.raises(StylejaxError, match="write-protected"):
        check_writable(ordinary_user_folder / "protected.png")


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    assert weights_folder() == tmp_path / "mine" / "weights"
    assert compiled_folder() == tmp_path / "mine" / "compiled"
    assert not cache_folder().exists()
    monkeypatch.setenv("STYLEJAX_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLEJAX_CACHE", "beside")
    assert cache_folder() == tmp_path / "beside"


def test_the_cache_is_otherwise_the_users_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STYLEJAX_CACHE", "")
    assert cache_folder().is_absolute()
    assert "stylejax" in cache_folder().parts


@posix
def test_cache_folders_are_made_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "deep" / "cache"))
    for _ in range(2):
        assert private_folder(compiled_folder()) == compiled_folder()
    for folder in (cache_folder(), compiled_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not weights_folder().exists()


def test_a_cache_that_cannot_be_made_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "file"))
    with pytest.raises(StylejaxError, match="set STYLEJAX_CACHE"):
        private_folder(weights_folder())
