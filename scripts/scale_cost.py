"""Estimate pictures per hour and cost from measured step times, and the scaling of a fleet and of one picture on a mesh.

    python scripts/scale_cost.py measure docs/scale/measurements.json      measure this machine, under a minute
    python scripts/scale_cost.py table docs/scale/measurements.json --price 0.10 --sizes 256 512 1024 --chips 1 8 64
    python scripts/scale_cost.py fleet --seconds 2 --cores 8 --bandwidth 1e9
    python scripts/scale_cost.py mesh --seconds-per-megapixel 2.2 --gigabytes-per-megapixel 1.1 --devices 8 64 512

`table` extrapolates the measurements. `fleet` simulates chips with CPU cores, a common storage, stragglers and lost machines.
`mesh` is arithmetic for one picture whose rows are divided among devices. `--price` is the price of a chip and hour in any
currency, without a default. All print Markdown.
"""

import argparse
import json
import sys
from pathlib import Path

from scaling.arithmetic import Costs, cost_per_thousand, images_per_hour
from scaling.measure import measure
from scaling.mesh import Mesh, paint
from scaling.simulation import Fleet, simulate

from stylejax.settings.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    print({"measure": _measure, "table": _table, "fleet": _fleet, "mesh": _mesh}[options.command](options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("measure", help="measure this machine and write the file")
    measured.add_argument("file", type=Path)
    measured.add_argument("--model", default="vgg19-slim")
    measured.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 384, 512])
    table = commands.add_parser("table", help="pictures per hour and cost, from a file of measurements")
    table.add_argument("file", type=Path)
    table.add_argument("--price", type=float, required=True, help="price of a chip (or of the measured machine) per hour")
    table.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 768, 1024])
    table.add_argument("--steps", nargs="+", default=["110,22"], help="steps at each scale, as `--iterations` takes them")
    table.add_argument("--chips", type=int, nargs="+", default=[1, 8, 64])
    fleet = commands.add_parser("fleet", help="simulate a fleet of chips")
    fleet.add_argument("--seconds", type=float, required=True, help="seconds of one chip to optimize a picture")
    fleet.add_argument("--files", type=float, default=0.1, help="seconds of a core to decode and encode a picture")
    fleet.add_argument("--cores", type=int, default=8, help="CPU cores per chip")
    fleet.add_argument("--bytes", type=float, default=1.5e6, help="bytes read and written per picture")
    fleet.add_argument("--bandwidth", type=float, default=1e9, help="bytes per second of the storage, for all chips together")
    fleet.add_argument("--pictures", type=int, default=100_000)
    fleet.add_argument("--unit", type=int, default=16, help="pictures per batch")
    fleet.add_argument("--startup", type=float, default=60, help="startup time of a machine, in seconds")
    fleet.add_argument("--spread", type=float, default=0.1, help="standard deviation of the logarithm of the machines' speeds")
    fleet.add_argument("--lost-per-hour", type=float, default=0.0, help="rate at which a machine is lost, per hour")
    fleet.add_argument("--chips", type=int, nargs="+", default=[1, 8, 64, 256, 1024])
    mesh = commands.add_parser("mesh", help="one picture whose rows are divided among devices")
    mesh.add_argument("--megapixels", type=float, default=1000.0, help="of the picture, which is square")
    mesh.add_argument("--steps", type=int, nargs="+", default=[110, 22, 11, 5, 5, 5], help="at each scale, from coarse to fine")
    mesh.add_argument("--seconds-per-megapixel", type=float, required=True, help="of a step on one device")
    mesh.add_argument("--gigabytes-per-megapixel", type=float, required=True, help="memory of a device")
    mesh.add_argument("--link", type=float, default=1e10, help="bytes per second between two devices")
    mesh.add_argument("--latency", type=float, default=1e-5, help="seconds until a message arrives")
    mesh.add_argument("--storage", type=float, default=1e9, help="bytes per second of the storage, for all devices together")
    mesh.add_argument("--widths", type=int, nargs=5, default=[16, 32, 64, 128, 128], help="channels of the network's blocks")
    mesh.add_argument("--devices", type=int, nargs="+", default=[1, 8, 64, 512])
    return parser


def _measure(options: argparse.Namespace) -> str:
    measured = measure(options.model, options.sizes)
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(json.dumps(measured, indent=1) + "\n")
    rows = [
        f"| {row['size']} | {row['step_seconds'] * 1e3:.0f} ms | {row['decode_seconds'] * 1e3:.1f} ms "
        f"| {row['encode_seconds'] * 1e3:.1f} ms |"
        for row in measured["rows"]
    ]
    return "\n".join(["| size | step | decode | encode |", "|---|---|---|---|", *rows])


def _table(options: argparse.Namespace) -> str:
    costs = Costs.fitted(json.loads(options.file.read_text())["rows"])
    heads = [f"{count} chip{'s' * (count > 1)}" for count in options.chips]
    lines = [f"| size | steps per scale | seconds per picture | {' | '.join(heads)} | cost per 1,000 |"]
    lines.append("|---" * (4 + len(heads)) + "|")
    for size in options.sizes:
        for steps in options.steps:
            seconds = costs.picture(Settings(size=size, iterations=steps))
            each = " | ".join(f"{images_per_hour(seconds, chips):,.0f}/h" for chips in options.chips)
            lines.append(f"| {size} | {steps} | {seconds:.3g} | {each} | {cost_per_thousand(seconds, options.price):.2f} |")
    return "\n".join(lines)


def _fleet(options: argparse.Namespace) -> str:
    lines = ["| chips | hours, queue | efficiency | hours, shards | efficiency | bottleneck |", "|---" * 6 + "|"]
    for chips in options.chips:
        fleet = Fleet(
            chips=chips,
            pictures=options.pictures,
            unit=options.unit,
            paint=options.seconds,
            files=options.files,
            cores=options.cores,
            bytes=options.bytes,
            bandwidth=options.bandwidth,
            startup=options.startup,
            spread=options.spread,
            lost_per_hour=options.lost_per_hour,
        )
        queue, shards = simulate(fleet, assignment="queue"), simulate(fleet, assignment="shards")
        cells = " | ".join(f"{outcome.hours:.3g} | {outcome.efficiency:.0%}" for outcome in (queue, shards))
        lines.append(f"| {chips} | {cells} | {queue.bottleneck} |")
    return "\n".join(lines)


def _mesh(options: argparse.Namespace) -> str:
    side, alone = round(1000 * options.megapixels**0.5), 0.0
    lines = ["| devices | hours | speedup | step at full size | exchanging | memory of a device | reading and writing |"]
    lines.append("|---" * 7 + "|")
    for devices in options.devices:
        per_pixel, memory = options.seconds_per_megapixel / 1e6, options.gigabytes_per_megapixel * 1e3
        widths = tuple(options.widths)
        mesh = Mesh(devices, per_pixel, memory, options.link, options.latency, options.storage, widths)
        outcome = paint(mesh, side, side, options.steps, Settings())
        alone = alone or outcome.hours * devices
        lines.append(
            f"| {devices} | {outcome.hours:.3g} | {alone / outcome.hours:.3g} | {outcome.step:.3g} s "
            f"| {outcome.communicating:.1%} | {outcome.memory / 1e9:.3g} GB | {outcome.files:.0f} s |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
