# SPDX-License-Identifier: Apache-2.0
"""Asks akin's side and its peer in turn, one step each; compare.sh says how to use it."""
import argparse
import pathlib
import subprocess
import sys
from statistics import median

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent))

from side import Side

LINES = [
    *((what, "fp32", batch, "ort") for what in ("image", "text") for batch in (32, 1)),
    *((what, "bf16", batch, "torch") for what in ("image", "text") for batch in (32, 1)),
    *(("train", precision, 64, "torch") for precision in ("fp32", "bf16")),
]
PEER = {"ort": "ONNX Runtime", "torch": "PyTorch"}
SMALLEST_COSINE = {"fp32": 1 - 1e-6, "bf16": 0.999}
LOSS_TOLERANCE = {"fp32": 1e-5, "bf16": 2e-2}


def smallest_cosine(a, b):
    import numpy

    a, b = (numpy.load(file).astype(numpy.float64) for file in (a, b))
    return ((a * b).sum(1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)).min()


def compare(options, what, precision, batch, peer):
    """Prints a line, and for training one of memory; returns whether both sides computed the same."""
    question = (what, precision, batch)
    files = [options.folder / f"features_of_{name}.npy" for name in ("akin", "peer")] if what != "train" else []
    asked = {"pause": 0.05, "errors": subprocess.DEVNULL}
    with Side(options.akin, options.folder, options.threads, **asked) as akin, Side(sys.executable, HERE / "torch_side.py", options.folder, peer, options.threads, **asked) as other:
        sides = (akin, other)
        first = [side.ask(*question, *files[k : k + 1]) for k, side in enumerate(sides)]
        second = [side.ask(*question) for side in sides]
        answers = [[side.ask(*question) for side in sides] for _ in range(options.rounds if what == "train" or batch > 1 else 4 * options.rounds)]
    seconds = [median(answer[k][0] for answer in answers) for k in (0, 1)]
    name = PEER[peer] if peer == "ort" or precision == "fp32" else "PyTorch autocast"
    print(f"{what:6} {precision:9} {batch:5} {batch / seconds[0]:15.2f} {name:17} {batch / seconds[1]:15.2f} {seconds[1] / seconds[0]:5.2f}", flush=True)
    if what == "train":
        bytes_of = [answers[-1][k][2] for k in (0, 1)]
        print(f"memory {precision:9} {batch:5} {bytes_of[0] / 1e6:12.0f} MB {name:17} {bytes_of[1] / 1e6:12.0f} MB {bytes_of[1] / bytes_of[0]:5.2f}", flush=True)
        losses = [(answer[0][1], answer[1][1]) for answer in (first, second)]  # before and after one step of AdamW
        same = all(abs(a - b) <= LOSS_TOLERANCE[precision] * abs(b) for a, b in losses)
        if not same:
            print(f"  losses differ: {losses}", flush=True)
    else:
        cosine = smallest_cosine(*files)
        same = cosine >= SMALLEST_COSINE[precision]
        if not same:
            print(f"  features differ: smallest cosine {cosine:.8f}", flush=True)
    return same


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    flags = next(line.split() for line in lines if line.startswith("flags"))
    return model + "".join(f", {flag}" for flag in ("avx512f", "avx512_bf16", "amx_bf16") if flag in flags)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("akin")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("lines", nargs="*", help="what-precision-batch, as in image-fp32-32; all of them where none is given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_intermixed_args()
    if not (options.folder / "ids.npy").exists():
        subprocess.run([sys.executable, HERE / "torch_side.py", options.folder, "inputs"], check=True)
    print(f"# {processor()}, {options.threads} threads")
    print(f"{'what':6} {'precision':9} {'batch':>5} {'akin_per_second':>15} {'peer':17} {'peer_per_second':>15} ratio", flush=True)
    chosen = [line for line in LINES if not options.lines or "-".join(map(str, line[:3])) in options.lines]
    same = [compare(options, *line) for line in chosen]
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
