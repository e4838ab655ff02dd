# SPDX-License-Identifier: Apache-2.0
"""Draws compare.sh's lines, read from the standard input, as docs/images/towers.svg: how many times as many a second akin does as its peer,
and, for memory, how many times as much its peer takes. A bar ends at the ratio; the line at 1 is the peer."""
import math
import pathlib
import sys

LEFT, WIDTH, ROW, TOP = 190, 420, 22, 34
COLOURS = {"ONNX Runtime": "#0d9488", "PyTorch": "#2563eb"}
STYLE = """text{font:12px system-ui,sans-serif;fill:#334155}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#cbd5e1}.one{stroke:#334155}@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.grid{stroke:#475569}.one{stroke:#cbd5e1}}"""


def read(lines):
    """(label, peer, ratio) of every line of the table."""
    for line in lines:
        words = line.split()
        if words and words[0] in ("image", "text", "train", "memory"):
            peer = "ONNX Runtime" if "ONNX" in words else "PyTorch"
            yield f"{words[0]}, {words[1]}, batch {words[2]}", peer, float(words[-1])


def draw(bars):
    most = math.ceil(max(ratio for *_, ratio in bars))
    height = TOP + ROW * len(bars) + 40

    def x(ratio):
        return LEFT + WIDTH * ratio / most

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 40} {height}" role="img" aria-label="ViT-B/32 against its peers"><style>{STYLE}</style>']
    for tick in range(most + 1):
        kind = "one" if tick == 1 else "grid"
        out.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 6}" y2="{TOP + ROW * len(bars)}"/>')
        out.append(f'<text class="middle" x="{x(tick):.1f}" y="{TOP - 12}">{tick}</text>')
    for row, (label, peer, ratio) in enumerate(bars):
        y = TOP + ROW * row
        out.append(f'<text class="end" x="{LEFT - 8}" y="{y + 15}">{label}</text>')
        out.append(f'<rect x="{LEFT}" y="{y + 3}" width="{x(ratio) - LEFT:.1f}" height="{ROW - 6}" fill="{COLOURS[peer]}"><title>{label}: {ratio}</title></rect>')
    at = LEFT
    for peer, colour in COLOURS.items():
        out.append(f'<circle cx="{at}" cy="{height - 14}" r="4" fill="{colour}"/><text x="{at + 10}" y="{height - 10}">times {peer}</text>')
        at += 160
    return "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    (pathlib.Path(__file__).parents[2] / "docs/images/towers.svg").write_text(draw(list(read(sys.stdin))))
