# SPDX-License-Identifier: Apache-2.0
"""akin, open_clip and Hugging Face tokenizers take turns on the same texts, one thread each. compare.sh says how to call it."""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import open_clip  # noqa: E402
import tokenizers  # noqa: E402
from open_clip.tokenizer import bytes_to_unicode  # noqa: E402
from tokenizers import Regex, models, normalizers, pre_tokenizers  # noqa: E402


def rust_tokenizer(vocabulary):
    """CLIP's encoding as transformers' fast tokenizer sets it up, without start and end."""
    lines = gzip.open(vocabulary).read().decode().split("\n")[1:48895]
    merges = [tuple(line.split()) for line in lines]
    letters = list(bytes_to_unicode().values())
    pieces = letters + [x + "</w>" for x in letters] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    t = tokenizers.Tokenizer(models.BPE({x: i for i, x in enumerate(pieces)}, merges, end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(words, "removed", invert=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return lambda texts: [e.ids for e in t.encode_batch(texts)]


def rate(encode, texts):
    begin = time.process_time()
    count = sum(len(ids) for ids in encode(texts))
    return count / (time.process_time() - begin) / 1e6


class Akin:
    def __init__(self, program, vocabulary):
        self.process = subprocess.Popen([program, vocabulary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def lines(self, command, count):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return [self.process.stdout.readline() for _ in range(count)]

    def rate(self, path):
        ids, seconds = self.lines(f"time {path}", 1)[0].split()
        return int(ids) / float(seconds) / 1e6

    def ids(self, path, texts):
        return [[int(x) for x in line.split()] for line in self.lines(f"ids {path}", len(texts))]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("vocabulary")
    arguments.add_argument("--rounds", type=int, default=5)
    a = arguments.parse_args()

    names = open_clip.zero_shot_metadata.IMAGENET_CLASSNAMES
    golden = [json.loads(line)[0] for line in open("tests/golden/tokens.jsonl", encoding="utf-8")]
    corpora = {"prompts": [f"a photo of a {name} number {k}." for k, name in enumerate(names * 5)],
               "languages": [t for t in golden if len(t.splitlines()) <= 1]}
    python = open_clip.get_tokenizer("ViT-B-32").encode
    peers = {"tokenizers": rust_tokenizer(a.vocabulary), "open_clip": lambda texts: [python(t) for t in texts]}
    akin = Akin(a.program, a.vocabulary)

    model = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    print(f"# {model}, one thread; open_clip {open_clip.__version__}, tokenizers {tokenizers.__version__}")
    print("texts      akin  tokenizers  open_clip   akin / tokenizers  akin / open_clip   (millions of ids a second)")
    for name, texts in corpora.items():
        path = f"build/text/{name}.txt"
        with open(path, "w", encoding="utf-8", newline="\n") as out:
            out.writelines(t + "\n" for t in texts)
        rates = {"akin": [], "tokenizers": [], "open_clip": []}
        for k in range(a.rounds + 1):  # the first round does not count: it fills caches
            for who, found in rates.items():
                now = akin.rate(path) if who == "akin" else rate(peers[who], texts)
                if k > 0:
                    found.append(now)
        r = {who: statistics.median(found) for who, found in rates.items()}
        print(f"{name:9} {r['akin']:5.1f} {r['tokenizers']:11.2f} {r['open_clip']:10.2f} {r['akin'] / r['tokenizers']:19.0f} {r['akin'] / r['open_clip']:17.0f}")
        mine, rust, theirs = akin.ids(path, texts), peers["tokenizers"](texts), peers["open_clip"](texts)
        same = [sum(x == y for x, y in zip(ids, theirs)) for ids in (mine, rust)]
        print(f"#   of {len(texts)} texts, ids as open_clip: akin {same[0]}, tokenizers {same[1]}", flush=True)


main()
