#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of include/akin/text: what Unicode says of its code points, and HTML's named characters.

usage: scripts/text_tables.py [UNICODE_FOLDER]

The folder holds UnicodeData.txt and its companions (default: /usr/share/unicode, from Debian's package unicode-data, which
scripts/install_dependencies.sh tables installs). Other versions of Unicode can be fetched from https://www.unicode.org/Public/.
HTML's names are those of the HTML standard, section 13.5, as Python's html.entities lists them.
"""
import html
import html.entities
import pathlib
import sys

VERSION = "15.0.0"
FLAGS = ("letter", "number", "space", "decimal", "cased", "case_ignorable", "upper", "unsettled")
BLOCK = 128
OUT = pathlib.Path(__file__).resolve().parent.parent / "include" / "akin" / "text"
HEAD = """// SPDX-License-Identifier: Apache-2.0
// {what}
// Made by scripts/text_tables.py; not edited by hand.
#pragma once

{includes}

// clang-format off
namespace akin::inline v0::detail::unicode {{

"""
TAIL = "}  // namespace akin::inline v0::detail::unicode\n// clang-format on\n"


class Unicode:
    """The columns of UnicodeData.txt, and the derived properties that are needed."""

    def __init__(self, folder):
        self.category, self.combining, self.lower, self.decomposition = {}, {}, {}, {}
        self.whitespace_direction = set()
        first = None
        for line in (folder / "UnicodeData.txt").read_text().splitlines():
            f = line.split(";")
            code = int(f[0], 16)
            codes = range(first, code + 1) if f[1].endswith(", Last>") else [code]
            first = code
            for c in codes:
                self.category[c] = f[2]
                if f[3] != "0":
                    self.combining[c] = int(f[3])
                if f[4] in ("WS", "B", "S"):
                    self.whitespace_direction.add(c)
            if f[5]:
                self.decomposition[code] = f[5].split()
            if f[13]:
                self.lower[code] = int(f[13], 16)
        self.cased = self.property(folder / "DerivedCoreProperties.txt", "Cased")
        self.case_ignorable = self.property(folder / "DerivedCoreProperties.txt", "Case_Ignorable")
        self.not_composed = self.property(folder / "DerivedNormalizationProps.txt", "Full_Composition_Exclusion")
        self.changed_by_nfc = self.property(folder / "DerivedNormalizationProps.txt", "NFC_QC")

    @staticmethod
    def property(path, name):
        found = set()
        text = path.read_text()
        if f"-{VERSION}.txt" not in text.split("\n", 1)[0]:
            sys.exit(f"{path} is not of Unicode {VERSION}")
        for line in text.splitlines():
            f = [x.strip() for x in line.split("#")[0].split(";")]
            if len(f) >= 2 and f[1] == name:
                ends = [int(x, 16) for x in f[0].split("..")]
                found.update(range(ends[0], ends[-1] + 1))
        return found

    def is_space(self, c):
        return c in self.whitespace_direction or self.category.get(c) == "Zs"

    def canonical(self, c):
        parts = self.decomposition.get(c, ["<"])
        return None if parts[0].startswith("<") else [int(x, 16) for x in parts]

    def pairs(self):
        """Pairs that compose, with what they compose to."""
        return {tuple(d): c for c in self.decomposition if c not in self.not_composed and (d := self.canonical(c))}

    def compatible(self, c, levels):
        """The code points that c stands for, composed again; `levels` of decomposition are taken apart."""
        codes = [c]
        for _ in range(levels):
            codes = [x for c in codes for x in ([int(p, 16) for p in self.decomposition.get(c, [f"{c:x}"]) if p[0] != "<"])]
        pairs, out = self.pairs(), []
        for x in codes:
            both = (out[-1], x) if out else None
            out[-1:] = [pairs[both]] if both in pairs else out[-1:] + [x]
        return out


def replacements(u):
    """What ftfy 6 replaces, one code point at a time; controls stand for nothing."""
    table = {0x3000: [0x20]}
    for c in range(0xFF01, 0xFFF0):
        if (alternative := u.compatible(c, 3)) != [c]:
            table[c] = alternative
    for c in [0x132, 0x133, 0x149, *range(0x1C4, 0x1CD), *range(0x1F1, 0x1F4), *range(0xFB00, 0xFB07)]:
        table[c] = u.compatible(c, 1)
    for c in range(0x80, 0xA0):
        meant = bytes([c]).decode("cp1252", "ignore")
        if meant:
            table[c] = [ord(meant)]
    quotes = {0x2BC: 0x27, **{c: 0x27 for c in range(0x2018, 0x201C)}, **{c: 0x22 for c in range(0x201C, 0x2020)}}
    table.update({c: [q] for c, q in quotes.items()})
    controls = [*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F, *range(0x206A, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFD)]
    table.update({c: [] for c in controls})
    return {c: [quotes.get(x, x) for x in r] for c, r in sorted(table.items())}


def flags(u, c, replaced):
    category = u.category.get(c, "Cn")
    found = {
        "letter": category[0] == "L", "number": category[0] == "N", "space": u.is_space(c), "decimal": category == "Nd",
        "cased": c in u.cased, "case_ignorable": c in u.case_ignorable, "upper": c in u.lower,
        "unsettled": c in replaced or c in u.changed_by_nfc or c in u.combining,
    }
    return sum(1 << k for k, name in enumerate(FLAGS) if found[name])


def wrapped(items):
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) + 2 > 128:
            lines.append(line.rstrip())
            line = ""
        line += item + ", "
    return "\n".join(lines + [line.rstrip().rstrip(",")])


def array(about, kind, name, items):
    return f"/// {about}\ninline constexpr {kind} {name}[]{{\n{wrapped(items)}}};\n\n"


def ranges(values):
    """(first, last, value) of neighbours with equal values."""
    out = []
    for c, v in sorted(values.items()):
        if out and out[-1][1] == c - 1 and out[-1][2] == v:
            out[-1][1] = c
        else:
            out.append([c, c, v])
    return out


def unicode_tables(u):
    replaced = replacements(u)
    blocks, index = {}, []
    for first in range(0, 0x110000, BLOCK):
        block = tuple(flags(u, c, replaced) for c in range(first, first + BLOCK))
        index.append(blocks.setdefault(block, len(blocks)))
    nothing = blocks[(0,) * BLOCK]
    while index[-1] == nothing:
        index.pop()
    assert len(blocks) <= 256
    h = lambda *codes: "{" + ",".join(f"{c:#x}" for c in codes) + "}"
    canonical = {c: u.canonical(c) for c in u.decomposition if u.canonical(c)}
    text = HEAD.format(what=f"What Unicode {VERSION} says of its code points, as far as text is cleaned and cut into words by it.",
                       includes="#include <cstdint>")
    text += "/// Bits of a code point. `upper` has a lower-case form; `unsettled` may change where text is cleaned.\n"
    text += "enum code_point_flag : std::uint8_t {" + ", ".join(f"{n} = {1 << k}" for k, n in enumerate(FLAGS)) + "};\n\n"
    text += f"/// Code points of a block; those past the last block have no bits.\ninline constexpr std::uint32_t flag_block = {BLOCK};\n\n"
    text += array("The row of flag_rows for each block.", "std::uint8_t", "flag_row", [str(x) for x in index])
    text += array("The bits of each code point of a block, row by row.", "std::uint8_t", "flag_rows",
                  [str(x) for block in blocks for x in block])
    text += "struct lower_case { char32_t from, to; };\n"
    text += array("Lower case of one code point, by code point.", "lower_case", "lower_cases", [h(*x) for x in sorted(u.lower.items())])
    text += "struct combining_range { char32_t first, last; std::uint8_t order; };\n"
    text += array("Canonical combining classes that are not 0.", "combining_range", "combining_ranges", [h(*x) for x in ranges(u.combining)])
    text += "struct decomposition { char32_t whole, first, second; };\n"
    text += array("Canonical decompositions, by the whole; second is 0 where there is none.", "decomposition", "decompositions",
                  [h(c, *(d + [0])[:2]) for c, d in sorted(canonical.items())])
    text += array("Those that are put together again, by the pair.", "decomposition", "compositions",
                  [h(c, *pair) for pair, c in sorted(u.pairs().items())])
    text += "struct replacement { char32_t from; std::uint8_t count; char32_t to[3]; };\n"
    text += array("What ftfy 6 writes for a code point: plain width, letters of a ligature, straight quotes; nothing for controls.",
                  "replacement", "replacements", ["{" + f"{c:#x},{len(r)},{h(*r)}" + "}" for c, r in replaced.items()])
    return text + TAIL


def entity_tables():
    names = html.entities.html5
    shouted = {n.upper(): v.upper() for n, v in names.items()
               if n.endswith(";") and n == n.lower() and html.unescape("&" + n.upper()) == "&" + n.upper()}
    # Only hexadecimal escapes of code points: names are ASCII, values need not be.
    show = lambda items: ["{" + f'"{n}",' + "{" + ",".join(f"{ord(x):#x}" for x in v) + "}}" for n, v in sorted(items)]
    text = HEAD.format(what="HTML's named characters.", includes="#include <string_view>")
    text += "struct html_name { std::string_view name; char32_t meaning[3]; };\n\n"
    text += array("The names of the HTML standard, section 13.5, by name; some may stand without their semicolon.", "html_name",
                  "html_names", show(names.items()))
    text += array("Lower-case names in capitals, which ftfy 6 understands as well.", "html_name", "shouted_html_names", show(shouted.items()))
    return text + TAIL


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) == 2 else "/usr/share/unicode")
    if not (folder / "UnicodeData.txt").exists():
        sys.exit(f"'{folder}' holds no UnicodeData.txt: scripts/install_dependencies.sh tables")
    (OUT / "unicode_tables.hpp").write_text(unicode_tables(Unicode(folder)))
    (OUT / "html_names.hpp").write_text(entity_tables())


if __name__ == "__main__":
    main()
