#!/usr/bin/env python3
"""Texts that are hard to tokenize, one JSON string a line: what make.py tokens takes.

usage: texts.py OUT COUNT SEED

Each text joins some pieces at random: words in many scripts, code points of every category (numerals, title case, marks, controls),
emoji with joiners, contractions, HTML references in every form, terminal escapes, CLIP's own marks, long words. Texts in which ftfy
repairs mojibake are left out, and so are those that need a newer Unicode than Python's own. Needs ftfy.
"""
import html.entities
import json
import random
import sys
import unicodedata

import ftfy

WORDS = ("a photo of the quick brown fox Hello WORLD naïve café Straße ΟΔΥΣΣΕΥΣ Σ σΣ ΑΣ. İstanbul DİYARBAKIR ıI Ǆemal ǅ ﬁne ﬂuﬃest ﬆop ŉ ĳs Ĳ "
         "привет МОСКВА дом שלום مرحبا नमस्ते हिन्दी ಕನ್ನಡ தமிழ் ไทย ລາວ မြန်မာ ខ្មែរ 日本語 東京 カタカナ ﾊﾝｶｸ ﾊﾞﾊﾟ ＦＵＬＬ　ｗｉｄｔｈ 한국어 조선 ﾡﾢ ქართული ᎣᏏᏲ "
         "ՀԱՅԵՐԵՆ Ⲁⲁ 𐐀𐐨 Ꙁꙁ ᾈ ᾳ Ω Å K ẞ ſtop ﬅ").split()
EMOJI = ["👩‍🚒", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "👍🏽", "❤️", "☎︎", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "1️⃣", "™", "©", "✓", "→", "‼️"]
ENDINGS = ["'s", "'S", "'t", "'re", "'ve", "'m", "'ll", "'d", "'x", "’s", "‘t’", "''s", "'ſ", "ʼll", "＇re", "'", "“quoted”", "„low“", "‛n‛"]
MARKS = ["<start_of_text>", "<START_OF_TEXT>", "<ſtart_of_text>", "!<end_of_text>", "<|startoftext|>", "<|endoftext|>", "<end_of_tex", "</w>"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\r", "\f", "\v", "\u00a0", "\u3000", "\u2028", "\u2029", "\u0085", "\u200b", "\u2003", "\u1680", "\x1c", "\x1f", "\ufeff", ""]
ESCAPES = ["\x1b[31m", "\x1b[0;1m", "\x1b[", "\x1b", "\x1b\x00[1m", "\x1b[١m", "\x1b[3 m", "\x00", "\x07", "\x7f", "\x80", "\x85", "\x91hi\x92", "\x81", "\ufff9", "\ufffc", "\u206a", "\ufffd"]


def categories():
    found = {}
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind not in ("Cn", "Cs", "Co"):
            found.setdefault(kind, []).append(chr(code))
    return found


def reference(r, kinds):
    names = list(html.entities.html5)
    name = r.choice(names)
    number = r.choice([r.randrange(0x20), r.randrange(0x7F, 0xA0), ord(r.choice(kinds[r.choice(list(kinds))])), 0xD800, 0x110000, 10 ** 30])
    return r.choice([f"&{name}", f"&{name.rstrip(';')}", f"&{name.upper()}", f"&{name.lower()}", f"&{name}x", f"&amp;{name}", f"&amp;amp;{name}", "&", "&&", "& ",
                     f"&#{number};", f"&#{number}", f"&#x{number:x};", f"&#X{number:X}", f"&#{number}a;", "&#;", "&#x;", "&#59;", "&lt;b&gt;", "<b>", "＆lt；", "&lt;", "&amp;lt;"])


def text(r, kinds):
    characters = lambda kind, most: "".join(r.choice(kinds[kind]) for _ in range(r.randint(1, most)))
    pieces = [
        lambda: r.choice(WORDS), lambda: r.choice(WORDS).upper(), lambda: r.choice(WORDS) + r.choice(ENDINGS), lambda: r.choice(EMOJI),
        lambda: r.choice(MARKS), lambda: r.choice(ESCAPES), lambda: reference(r, kinds), lambda: str(r.randrange(10 ** r.randint(1, 9))),
        lambda: characters(r.choice(list(kinds)), 4), lambda: characters(r.choice(["Nd", "Nl", "No", "Lt", "Lm"]), 3),
        lambda: r.choice(WORDS) + characters("Mn", 3) + r.choice(WORDS), lambda: unicodedata.normalize("NFD", r.choice(WORDS)),
        lambda: r.choice("abcxyzé日ß") * r.randint(30, 200) if r.random() < 0.1 else "ok", lambda: "".join(r.choice("!?.,;:-_()[]{}/\\\"'`~@#$%^&*+=|<>") for _ in range(r.randint(1, 6))),
    ]
    return "".join(r.choice(pieces)() + (" " if r.random() < 0.6 else r.choice(SPACES)) for _ in range(r.randint(1, 9)))


def repairs_mojibake(t):
    return ftfy.fix_text(t) != ftfy.fix_text(t, fix_encoding=False)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    r, kinds, count = random.Random(int(sys.argv[3])), categories(), int(sys.argv[2])
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        while count > 0:
            t = text(r, kinds)
            if not repairs_mojibake(t):
                out.write(json.dumps(t) + "\n")
                count -= 1


if __name__ == "__main__":
    main()
