"""The output folder: which records count, and runs whose folder is odd, full or not a folder."""

import dataclasses
import json
import os
import resource
import shutil
import signal
import threading
from pathlib import Path

import pytest
from tables import flags, write_material

from stylejax.batch.output.sidecar import digest
from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec, RowFailure
from stylejax.cli.main import main
from stylejax.files.folder import Folder
from stylejax.settings.settings import Settings

FLAGS = [*flags(size=32, iterations=2), "--json"]


@pytest.fixture(scope="module")
def material(tmp_path_factory, tiny_weights) -> Path:
    """Pictures, a network and a table of three rows."""
    folder = write_material(tmp_path_factory.mktemp("store"), tiny_weights)
    table = "content,style,output\n" + "".join(f"c{number}.png,s0.png,{number}.png\n" for number in range(3))
    (folder / "jobs.csv").write_text(table)
    return folder


@pytest.fixture
def batch(material, monkeypatch, capsys):
    """Run a table in this process; gives the exit code, the events and standard error."""
    monkeypatch.chdir(material)

    def call(output: object, table: str = "jobs.csv", *more: str) -> tuple[int, list[dict], str]:
        with pytest.raises(SystemExit) as stopped:
            main(["batch", table, "-o", str(output), *FLAGS, *more])
        written = capsys.readouterr()
        return int(stopped.value.code or 0), [json.loads(line) for line in written.out.splitlines()], written.err

    return call


@pytest.fixture
def finished(batch, tmp_path) -> Path:
    """The folder of a whole run."""
    assert batch(tmp_path / "out")[0] == 0
    return tmp_path / "out"


def painted(events: list[dict]) -> list[str]:
    return sorted(event["output"] for event in events if event["event"] == "finished")


def failed(events: list[dict]) -> dict[str, str]:
    return {event["output"]: event["reason"] for event in events if event["event"] == "failed"}


def notes(events: list[dict]) -> list[str]:
    return [event["text"] for event in events if event["event"] == "note"]


def changed(path: Path, change) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


DAMAGE = {
    "zeros of the same size": lambda out: (out / "1.png").write_bytes(bytes((out / "1.png").stat().st_size)),
    "one bit": lambda out: (out / "1.png").write_bytes(
        (out / "1.png").read_bytes()[:-20] + bytes([(out / "1.png").read_bytes()[-20] ^ 1]) + (out / "1.png").read_bytes()[-19:]
    ),
    "another picture": lambda out: shutil.copy(out / "0.png", out / "1.png"),
    "cut": lambda out: os.truncate(out / "1.png", 100),
    "gone": lambda out: (out / "1.png").unlink(),
    "record without checksum": lambda out: changed(out / "1.png.json", lambda record: record.pop("sha256")),
    "record without losses": lambda out: changed(out / "1.png.json", lambda record: record.pop("losses")),
    "losses of text": lambda out: changed(out / "1.png.json", lambda record: record.update(losses={"total": "low"})),
    "record nested too deep": lambda out: (out / "1.png.json").write_text("[" * 100_000),
    "record of no object": lambda out: (out / "1.png.json").write_text("[1]"),
    "record of another": lambda out: shutil.copy(out / "0.png.json", out / "1.png.json"),
    "empty record": lambda out: (out / "1.png.json").write_bytes(b""),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_picture_is_done_only_with_its_record_and_its_checksum(batch, finished, damage):
    before = (finished / "1.png").read_bytes()
    DAMAGE[damage](finished)
    code, events, _ = batch(finished)
    assert (code, painted(events), events[-1]["skipped"]) == (0, ["1.png"], 2)
    assert (finished / "1.png").read_bytes() == before
    assert painted(batch(finished)[1]) == []


def test_the_digest_holds_the_places_of_inputs(tmp_path):
    for folder, data in (("one", b"1"), ("two", b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(data)
        os.utime(tmp_path / folder / "a.png", ns=(1, 1))
    (tmp_path / "now").symlink_to("one")

    def of(folder: str, **places) -> str:
        row = JobSpec(1, f"{tmp_path}/{folder}/a.png", (f"{tmp_path}/one/a.png",), "x.png", Settings())
        return digest(dataclasses.replace(row, **places), (2, 2))

    first = of("now")
    assert first == of("one") != of("two")
    assert len({of("one", **{name: (f"{tmp_path}/{folder}/a.png",)}) for name in ("styles", "content_masks") for folder in
                ("one", "two")}) == 4  # fmt: skip
    (tmp_path / "now").unlink()
    (tmp_path / "now").symlink_to("two")
    assert of("now") != first


def test_a_failure_counts_for_the_same_digest_until_it_is_forgotten(tmp_path):
    store = Store(Folder(tmp_path))
    row = JobSpec(1, "c.png", ("s.png",), "a.png", Settings(), digest="now")
    store.fail(dataclasses.replace(row, digest="before"), RowFailure("paint", "then"))
    assert store.known(row) is None
    store.fail(row, RowFailure("paint", "now"))
    assert store.known(row).reason == "now"
    store.forget_failures()
    assert store.known(row) is None
    store.fail(row, RowFailure("paint", "now"))  # again, word for word
    assert store.known(row).reason == "now"
    store.remove_resolved_failures([row])
    (line,) = (tmp_path / "failures.jsonl").read_text().splitlines()
    assert json.loads(line)["digest"] == "now"


@pytest.mark.parametrize("place", ["/proc/x", "/proc/self/x/y", "/dev/null/x", "jobs.csv", "jobs.csv/x", "/dev/full"])
def test_a_place_that_cannot_be_a_folder_is_one_line(batch, place):
    code, _, err = batch(place)
    assert (code, err.count("\n")) == (2, 1)
    assert f"{place} cannot be used as the output folder: " in err


ODD = {"folder": Path.mkdir, "pipe": os.mkfifo, "full": lambda path: path.write_bytes(b"[" * 100_000 + b"\n{")}


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_obstacles_cost_the_rows_that_they_block_and_no_others(batch, tmp_path, odd):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("0.png.json", "1.png", "failures.jsonl", "contact_sheet.jpg", ".stylejax-claims"):
        ODD[odd](out / name)
    for _ in range(2):
        code, events, err = batch(out)
        assert err == ""
        if odd == "full":
            assert (code, failed(events), notes(events)) == (0, {}, [])
            assert not (out / "failures.jsonl").exists()
        else:
            assert (code, sorted(failed(events)), events[-1]["left"]) == (3, ["0.png", "1.png"], 0)
            assert (out / "2.png").exists()
            assert any("failures.jsonl" in note for note in notes(events))
            assert len(notes(events)) == len(set(notes(events)))


@pytest.mark.slow
def test_an_output_that_rows_are_painted_from_is_not_replaced(batch, material, tmp_path):
    """Neither by its own name nor through a link. Results of an earlier run may be inputs, and may be replaced."""
    out = tmp_path / "photos"
    out.mkdir()
    for number in range(3):
        shutil.copy(material / f"c{number}.png", out / f"{number}.png")
    (out / "link.png").symlink_to("1.png")
    rows = [("0.png", "0.png"), ("2.png", "link.png"), ("1.png", "new.png"), ("new.png", "of-new.png")]
    table = "content,style,output\n" + "".join(f"{out}/{content},s0.png,{output}\n" for content, output in rows)
    (material / "over.csv").write_text(table)
    before = {path: path.read_bytes() for path in out.iterdir()}
    code, events, _ = batch(out, "over.csv")
    assert (code, painted(events)) == (3, ["new.png"])
    assert all("painted from" in failed(events)[output] for output in ("0.png", "link.png"))
    assert {path: path.read_bytes() for path in before} == before
    assert painted(batch(out, "over.csv")[1]) == ["of-new.png"]
    assert painted(batch(out, "over.csv", "--iterations", "3")[1]) == ["new.png", "of-new.png"]


def test_a_contact_sheet_that_cannot_be_written_is_a_note_and_costs_nothing(batch, finished):
    (finished / "contact_sheet.jpg").unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        code, events, err = batch(finished)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, err) == (0, "")
    (note,) = notes(events)
    assert note.startswith("there is no new contact sheet: contact_sheet.jpg cannot be written: ")
    assert not (finished / "contact_sheet.jpg").exists()


def test_a_finished_run_on_a_full_disk_is_reported_again(batch, finished, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    (finished / "failures.jsonl").write_text(json.dumps({"output": "1.png", "digest": "old", "reason": "fixed since"}) + "\n")
    monkeypatch.setattr("stylejax.files.folder.write_atomically", full)
    monkeypatch.setattr("stylejax.files.lines.write_atomically", full)
    code, events, err = batch(finished)
    assert (code, err, events[-1]["skipped"]) == (0, "", 3)
    assert [note for note in notes(events) if "No space left" in note]
    assert "stylejax" not in {thread.name for thread in threading.enumerate()}
