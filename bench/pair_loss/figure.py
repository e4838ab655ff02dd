# SPDX-License-Identifier: Apache-2.0
"""Draws compare.py's curve: seconds and memory against n, both on logarithmic axes, which akin's charts of training do not have."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, GAP = 320, 210, 56, 16, 34, 56, 30
COLOURS = ("#2563eb", "#0d9488", "#d97706")
STYLE = """text{font:12px system-ui,sans-serif;fill:#334155}.title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#cbd5e1}@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.grid{stroke:#475569}}"""


def panel(left, title, series, label):
    """`series`: for each variant its points (n, value)."""
    values = [value for points in series for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    ns = sorted({n for points in series for n, _ in points})

    def x(n):
        return left + WIDTH * math.log(n / ns[0]) / math.log(ns[-1] / ns[0])

    def y(value):
        return TOP + HEIGHT * (high - math.log10(value)) / (high - low)

    out = [f'<text class="title" x="{left}" y="18">{title}</text>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        out.append(f'<line class="grid" x1="{left}" x2="{left + WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>')
        out.append(f'<text class="end" x="{left - 6}" y="{at + 4:.1f}">{label(10.0**power)}</text>')
    out += [f'<text class="middle" x="{x(n):.1f}" y="{TOP + HEIGHT + 18}">{n // 1024}k</text>' for n in ns]
    for points, colour in zip(series, COLOURS):
        line = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in points)
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        out += [f'<circle cx="{x(n):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"><title>n = {n}: {value:.4g}</title></circle>' for n, value in points]
    return out


def write(path, points):
    """`points`: (variant, n, seconds, megabytes)."""
    names = list(dict.fromkeys(name for name, *_ in points))
    series = [[point[1:] for point in points if point[0] == name] for name in names]
    full = 2 * (LEFT + WIDTH) + GAP + RIGHT
    height = TOP + HEIGHT + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {height}" role="img" aria-label="CLIP loss against n"><style>{STYLE}</style>']
    out += panel(LEFT, "Seconds for forward and backward", [[(n, s) for n, s, _ in one] for one in series], lambda v: f"{v:g} s")
    out += panel(2 * LEFT + WIDTH + GAP, "Peak memory of the process", [[(n, mb) for n, _, mb in one] for one in series],
                 lambda v: f"{v:g} MB" if v < 1000 else f"{v / 1000:g} GB")
    at = LEFT + 6
    for name, colour in zip(names, COLOURS):
        out.append(f'<circle cx="{at}" cy="{height - 12}" r="4" fill="{colour}"/><text x="{at + 10}" y="{height - 8}">{name}</text>')
        at += 40 + 7 * len(name)  # about as wide as its letters
    path.write_text("\n".join(out) + "\n</svg>\n")
