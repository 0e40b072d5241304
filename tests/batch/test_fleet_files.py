"""The example configurations are valid and use existing flags; the tables in `docs/scale.md` are the output of the script."""

import re
import shlex
import subprocess
import sys

import pytest
import scale_cost
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from scaling.arithmetic import Costs
from scaling.mesh import Mesh, paint
from scaling.simulation import Fleet, simulate

from stylejax.batch.input.shard import Share
from stylejax.losses.split.geometry import margin
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings

FLEETS = ROOT / "docs" / "fleets"

FILES = sorted(path for path in FLEETS.iterdir())


@pytest.fixture(scope="module")
def flags() -> set[str]:
    """Every flag that `stylejax batch --help` names."""
    program = "from stylejax.cli.main import main; main(['batch', '--help'])"
    reported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True).stdout
    return set(re.findall(r"--?[a-z][a-z-]*", reported))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_use_flags_that_exist(path, flags):
    lines = re.findall(r"stylejax[, ]+batch(.*)", path.read_text())
    used = {flag for line in lines for flag in re.findall(r"\s(--?[a-z][a-z-]*)", line)}
    used |= set(re.findall(r"`(--[a-z-]+)", path.read_text())) - {"--array", "--signal"}
    assert used <= flags
    assert used or path.suffix == ".md"


def test_the_kubernetes_job_sets_the_number_of_pods():
    job = yaml.safe_load((FLEETS / "kubernetes.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    pods = [{**environment, "JOB_COMPLETION_INDEX": str(index)} for index in range(job["spec"]["completions"])]
    assert [Share.of_environment(each) for each in pods] == [Share(index, 8) for index in range(8)]
    grace = float(container["command"][container["command"].index("--grace") + 1])
    assert grace < pod["terminationGracePeriodSeconds"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_the_ray_cluster_has_its_node_types():
    cluster = yaml.safe_load((FLEETS / "ray.yaml").read_text())
    assert cluster["head_node_type"] in cluster["available_node_types"]
    workers = cluster["available_node_types"]["worker"]
    assert 0 < workers["min_workers"] <= workers["max_workers"] <= cluster["max_workers"]


def test_the_slurm_script_is_a_shell_script_whose_grace_ends_before_its_time():
    path = FLEETS / "slurm.sbatch"
    subprocess.run(["bash", "-n", path], check=True)
    signal = int(re.search(r"--signal=TERM@(\d+)", path.read_text()).group(1))
    assert float(re.search(r"--grace (\d+)", path.read_text()).group(1)) < signal


def test_the_tables_about_scale_are_what_the_script_prints(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    document = (ROOT / "docs" / "scale.md").read_text()
    shown = re.findall(
        r"^```\npython scripts/scale_cost.py ((?:table|fleet|mesh) [^\n]*)\n```\n\n(.*?)\n\n", document, re.M | re.S
    )
    assert len(shown) == 8
    for command, table in shown:
        scale_cost.main(shlex.split(command))
        assert capsys.readouterr().out.strip() == table.strip(), command


def test_the_fit_recovers_a_line():
    rows = [
        {"height": side, "width": side, "step_seconds": 0.01 + 2e-6 * side**2}
        | {"decode_seconds": 1e-8 * side**2, "encode_seconds": 2e-8 * side**2, "output_bytes": 3 * side**2}
        for side in (64, 128, 256)
    ]
    costs = Costs.fitted(rows)
    assert costs.step(512**2) == pytest.approx(0.01 + 2e-6 * 512**2)
    assert (costs.decode, costs.encode, costs.bytes) == pytest.approx((1e-8, 2e-8, 3))


@settings(max_examples=50)
@given(chips=st.integers(1, 40), paint=st.floats(0.1, 10), files=st.floats(0, 5), bandwidth=st.floats(1e6, 1e10))
def test_no_fleet_is_faster_than_its_stages_allow(chips, paint, files, bandwidth):
    fleet = Fleet(chips, 1000, 4, paint, files, cores=2, bytes=1e6, bandwidth=bandwidth, startup=5, spread=0)
    for assignment in ("queue", "shards"):
        seconds = simulate(fleet, assignment=assignment).hours * 3600
        least = max(1000 * max(paint, files / 2) / chips, 1000 * 1e6 / bandwidth)
        assert seconds >= least * 0.999
        assert seconds <= (1000 / chips + 4) * max(paint, files / 2) + 1000 * 1e6 / bandwidth + 5 + 4 * 1e6 / bandwidth


def test_alone_and_undisturbed_nothing_is_lost():
    fleet = Fleet(1, 100, 1, paint=2.0, files=0.0, cores=1, bytes=0.0, bandwidth=1.0, startup=0.0, spread=0.0)
    assert simulate(fleet).efficiency == pytest.approx(1)
    assert simulate(fleet).hours * 3600 == pytest.approx(200)


def test_a_picture_on_a_mesh_costs_its_pixels_and_the_margins_between_devices():
    options = {"link": 1e9, "latency": 0.0, "storage": 1e30, "widths": (16, 32, 64, 128, 128)}
    chosen = Settings(style_layers="pixels", content_layers="relu1_1", octaves=1)
    shared = margin(objective_spec(chosen))
    alone = paint(Mesh(1, 1e-6, 100.0, **options), 800, 500, (3, 2), chosen)
    assert alone.hours * 3600 == pytest.approx(1e-6 * 800 * 500 * (3 / 4 + 2))
    assert (alone.step, alone.communicating, alone.memory) == pytest.approx((0.4, 0, 100 * 800 * 500))
    four = paint(Mesh(4, 1e-6, 100.0, **options), 800, 500, (2,), chosen)
    window = 800 * 500 / 4 + 2 * shared * 500
    exchanged = 2 * (2 * shared * 500 * 12) / 1e9 + 2 * 2 * (9 + 3 + 1) * 4 / 1e9
    assert four.step == pytest.approx(1e-6 * window + exchanged)
    assert four.communicating == pytest.approx(exchanged / four.step)
    assert four.hours * 3600 == pytest.approx(2 * four.step)
    many = paint(Mesh(10_000, 1e-6, 100.0, **options), 800, 500, (1,), chosen)
    assert many.memory == pytest.approx(100 * 3 * shared * 500, rel=0.01)  # no device has fewer rows than it shares
