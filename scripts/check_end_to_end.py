#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/check_end_to_end.sh runs: akin-clip and open_clip from the same files to the same answers."""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import open_clip
import sentencepiece
import torch
from open_clip.tokenizer import get_clean_fn
from PIL import Image
from safetensors.torch import save_file

golden = pathlib.Path(__file__).resolve().parent.parent / "tests/golden"
images = sorted((golden / "pixels").glob("**/in/*"))
labels = ["cat", "dog", "golden retriever", "diagram", "Café au lait", "東京の夜", "fox", "red car", "emoji", "piece of text"]
templates = ["a photo of a {}.", "{}", "itap of the {}!"]
queries = ["two dogs &amp; a cat", "a gray picture", "schöne Häuser", "text", "a photo of something very colourful 😀"]
tolerance = 1e-4


def make_folder(name, folder):
    """A model with random weights, none of which is a default that could be forgotten."""
    torch.manual_seed(len(name))
    model = open_clip.create_model(name)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
        for key, buffer in model.named_buffers():
            if key.endswith("running_mean"):
                buffer.copy_(0.1 * torch.randn_like(buffer))
            if key.endswith("running_var"):
                buffer.copy_(1 + 0.2 * torch.rand_like(buffer))
    folder.mkdir()
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    config = {"model_cfg": open_clip.get_model_config(name)}
    if "SigLIP" in name:
        config["preprocess_cfg"] = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    (folder / "open_clip_config.json").write_text(json.dumps(config))


def siglip_tokenizer(folder, context):
    """SigLIP's own SentencePiece model is not in any package: one is trained on the golden texts, with the same special ids."""
    texts = folder / "texts"
    texts.write_text("\n".join(json.loads(line)[0].replace("\n", " ") for line in (golden / "tokens.jsonl").open()) * 3)
    sentencepiece.SentencePieceTrainer.train(input=str(texts), model_prefix=str(folder / "spiece"), vocab_size=4000, pad_id=0, eos_id=1,
                                             unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2)
    pieces, clean = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model")), get_clean_fn("canonicalize")

    def tokenize(texts):
        rows = [(pieces.encode(clean(text))[: context - 1] + [1] * context)[:context] for text in texts]
        return torch.tensor(rows)

    return tokenize


def answers_of(command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare_scores(what, got, expected):
    """`got` [rows][{name, score}], `expected` [rows]{name: score}. Equal scores may come in either order."""
    worst = worst_order = 0
    for row, wanted in zip(got, expected, strict=True):
        best = sorted(wanted.values(), reverse=True)
        for place, answer in enumerate(row["answers"]):
            name = answer.get("label", answer.get("name"))
            worst = max(worst, abs(answer["score"] - wanted[name]))
            worst_order = max(worst_order, abs(best[place] - wanted[name]))
    agrees = worst <= tolerance and worst_order <= 1e-6
    print(f"  {what:34} largest difference {worst:.1e}, of what stands at another place {worst_order:.1e}: "
          f"{'agrees' if agrees else 'DIFFERS'}", flush=True)
    return agrees


def compare_recall(printed, features, texts, image_of_text):
    scores = features @ texts.T
    positive = torch.tensor(image_of_text)[None, :] == torch.arange(len(features))[:, None]
    agrees = True
    for line, s, p in zip(printed.splitlines(), (scores, scores.T), (positive, positive.T), strict=True):
        ranked = p.gather(1, s.argsort(dim=1, descending=True, stable=True))
        wanted = [ranked[:, :k].any(dim=1).double().mean().item() for k in (1, 5, 10)]
        got = [float(word) for word in line.split()[2:7:2]]
        agrees &= np.allclose(got, wanted, atol=6e-5)
        print(f"  {line.split()[0]:34} {got} and {[round(x, 4) for x in wanted]}: {'agrees' if agrees else 'DIFFERS'}", flush=True)
    return agrees


def check(name, program, vocabulary, work):
    folder = work / name
    make_folder(name, folder)
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    siglip = "SigLIP" in name
    tokenize = siglip_tokenizer(folder, model.context_length) if siglip else open_clip.get_tokenizer(name)
    with torch.no_grad():
        features = torch.cat([model.encode_image(preprocess(Image.open(path))[None], normalize=True) for path in images])
        query_features = model.encode_text(tokenize(queries), normalize=True)
        classifier = open_clip.build_zero_shot_classifier(model, tokenize, labels, templates)
        scores = features @ classifier
        if siglip:
            probabilities = torch.sigmoid(scores * model.logit_scale.exp() + model.logit_bias)
        else:
            probabilities = (100 * scores).softmax(dim=-1)

    (work / "labels").write_text("\n".join(labels))
    (work / "templates").write_text("\n".join(templates))
    of_model = ["--model", folder] + ([] if siglip else ["--vocab", vocabulary])
    zero_shot = ["--labels", work / "labels", "--templates", work / "templates"]
    paths = [str(path) for path in images]
    index = work / f"{name}-index"

    print(name)
    got = answers_of([program, "classify", *of_model, *zero_shot, "--top", str(len(labels)), "--format", "json", *paths])
    agrees = compare_scores("probabilities", got, [dict(zip(labels, row.tolist())) for row in probabilities])
    subprocess.run([program, "embed", *of_model, "--out", index, *paths], check=True, stdout=subprocess.DEVNULL)
    worst = np.abs(np.load(f"{index}.npy") - features.numpy()).max()
    print(f"  {'embeddings':34} largest difference {worst:.1e}: {'agrees' if worst <= tolerance else 'DIFFERS'}")
    search = [program, "search", *of_model, "--index", index, "--format", "json", "--top", "10"]
    got = answers_of(search + [word for query in queries for word in ("--text", query)])
    agrees &= worst <= tolerance and compare_scores("neighbours of texts", got, [dict(zip(paths, row.tolist())) for row in query_features @ features.T])
    got = answers_of(search + [word for path in paths[:5] for word in ("--image", path)])
    agrees &= compare_scores("neighbours of images", got, [dict(zip(paths, row.tolist())) for row in features[:5] @ features.T])

    image_of_text = [k for k in range(len(images)) for _ in range(1 + k % 3)]
    captions = [f"{labels[k % 10]} number {k}, seen as {path.name}" for k, path in enumerate(images[i] for i in image_of_text)]
    (work / "pairs.tsv").write_text("filepath\ttitle\n" + "".join(f"{paths[i]}\t{text}\n" for i, text in zip(image_of_text, captions)))
    with torch.no_grad():
        texts = model.encode_text(tokenize(captions), normalize=True)
    printed = subprocess.run([program, "evaluate", *of_model, "--pairs", work / "pairs.tsv"], check=True, stdout=subprocess.PIPE, text=True)
    return agrees & compare_recall(printed.stdout, features, texts, image_of_text)


def main(vocabulary, program, *names):
    with tempfile.TemporaryDirectory() as work:
        agree = [check(name, program, vocabulary, pathlib.Path(work)) for name in names or ("ViT-B-32", "RN50", "ViT-B-16-SigLIP")]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
