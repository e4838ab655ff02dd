# SPDX-License-Identifier: Apache-2.0
"""Asks akin's side and PyTorch's side in turn, one step each; compare.sh says how to use it."""
import argparse
import pathlib
import platform
import sys
from statistics import median

import figure

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent))

from side import Side

PRECISIONS = ("fp32", "bf16", "bf16_split")
FORMS = {"clip": ("clip", "clip_as_open_clip"), "clip_sums": ()}  # of PyTorch; the faster one counts
TOLERANCE = {"fp32": 1e-4, "bf16": 3e-2, "bf16_split": 3e-2}  # autocast is what is inexact in the last
OBJECTIVES = ("clip", "clip_sums", "hard_negatives", "supervised", "siglip")


def akin_side(options):
    return Side(options.akin, options.threads, pause=0.02)


def torch_side(options):
    return Side(sys.executable, HERE / "torch_side.py", options.threads, pause=0.02)


def differ(akin, torch, tolerance):
    """Whether losses or lengths of the gradient differ by more than the precision explains."""
    return abs(akin[1] - torch[1]) > tolerance * max(1, abs(torch[1])) or abs(akin[2] - torch[2]) > tolerance * torch[2]


def medians(answers):
    return [median(column) for column in zip(*answers)]


def compare(akin, torch, n, objective, rounds):
    """Prints a line for each precision; returns whether the losses were the same."""
    answers = {}
    for turn in range(rounds + 1):
        for precision in PRECISIONS:
            asked = [("akin", akin, objective)] + [(form, torch, form) for form in FORMS.get(objective, (objective,)) if precision != "bf16_split"]
            for name, side, word in asked:
                answer = side.ask(n, word, precision)
                if turn > 0:
                    answers.setdefault((name, precision), []).append(answer)
    same = True
    for precision in PRECISIONS:
        seconds, loss, gradient, share, _ = medians(answers["akin", precision])
        autocast = precision.replace("_split", "")
        forms = [medians(answers[form, autocast]) for form in FORMS.get(objective, (objective,))]
        line = f"{n:6} {objective:14} {precision:10} {seconds:12.4f}"
        if not forms:
            print(f"{line} {'-':>13} {'-':>5} {share:13.2f}", flush=True)
            continue
        best = min(forms)
        wrong = next((form for form in forms if differ((seconds, loss, gradient), form, TOLERANCE[precision])), None)
        if wrong:
            print(f"{line}: akin's loss and gradient are {loss:.6f} {gradient:.6f}, PyTorch's {wrong[1]:.6f} {wrong[2]:.6f}", flush=True)
            same = False
        else:
            print(f"{line} {best[0]:13.4f} {best[0] / seconds:5.2f} {share:13.2f}", flush=True)
    return same


def run_curve(options):
    """Seconds and peak memory for growing n, each in a process of its own."""
    keeping, recomputing, torch = "akin, products kept up to 512 MiB", "akin, no product kept", "PyTorch"
    questions = {keeping: (akin_side, "clip", "fp32"), recomputing: (akin_side, "clip", "fp32", 0), torch: (torch_side, "clip", "fp32")}
    points = {}
    print(f"{'n':>6} {'variant':35} {'seconds':>8} {'peak_MB':>8}")
    for n in (2**k for k in range(10, 17)):
        for variant, (side, *words) in questions.items():
            if variant == torch and n > options.most_of_torch:
                continue
            if variant == recomputing and 4 * n * n > 512 * 2**20:  # the other one keeps nothing either
                points[variant, n] = points[keeping, n]
                continue
            rounds = options.rounds if n <= 8192 else 1
            with side(options) as process:
                answers = [process.ask(n, *words) for _ in range(rounds + (n <= 16384))]  # one that does not count, where there is time
            points[variant, n] = median(a[0] for a in answers[-rounds:]), answers[-1][-1] / 1e6
            print(f"{n:6} {variant:35} {points[variant, n][0]:8.3f} {points[variant, n][1]:8.0f}", flush=True)
    figure.write(HERE.parents[1] / "docs/images/pair_loss.svg", [(variant, n, *point) for (variant, n), point in points.items()])


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("akin")
    parser.add_argument("n", nargs="?", default="1024,4096,8192")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objectives", default=",".join(OBJECTIVES))
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--most-of-torch", type=int, default=16384, help="the largest n of PyTorch's in --curve")
    options = parser.parse_args()
    print(f"# {processor()}, {options.threads} threads")
    if options.curve:
        return run_curve(options)
    print(f"{'n':>6} {'objective':14} {'precision':10} akin_seconds torch_seconds ratio share_of_peak", flush=True)
    same = True
    with akin_side(options) as akin, torch_side(options) as torch:
        for n in map(int, options.n.split(",")):
            for objective in options.objectives.split(","):
                same = compare(akin, torch, n, objective, options.rounds) and same
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
