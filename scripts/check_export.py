#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether open_clip and transformers load what akin-clip exports, and compute the features that lie beside the source.

    python -m venv v && v/bin/pip install torch open_clip_torch transformers
    v/bin/python scripts/check_export.py build/release/akin-clip tests/golden/models/vit tests/golden/models/hf tests/golden/models/siglip

Every folder is exported to both formats and then from each of these to the other. Exit code 1 where one does not agree.
"""
import json
import logging
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import open_clip
import timm
import torch
from transformers import CLIPModel, SiglipModel, logging as transformers_logging

logging.disable(logging.WARNING)
transformers_logging.set_verbosity_error()


def open_clip_features(folder, images, tokens):
    timm_args = json.loads((folder / "open_clip_config.json").read_text()).get("timm_args", {})
    create = timm.create_model
    timm.create_model = lambda *a, **k: create(*a, **{**k, **timm_args})  # golden trunks are smaller than any that timm names
    model = open_clip.create_model(f"local-dir:{folder}").eval()
    timm.create_model = create
    return model.encode_image(images), model.encode_text(tokens)


def transformers_features(folder, images, tokens):
    siglip = json.loads((folder / "config.json").read_text())["model_type"] == "siglip"
    model, report = (SiglipModel if siglip else CLIPModel).from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"], report
    with torch.no_grad():
        result = model.eval()(input_ids=tokens, pixel_values=images)
    return result.image_embeds, result.text_embeds


def unit(rows):
    rows = np.asarray(rows)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def expected_features(folder):
    names = ("image_features", "text_features") if (folder / "image_features.npy").exists() else ("image_embeds", "text_embeds")
    return [unit(np.load(folder / f"{name}.npy")) for name in names]


def main(program, folders):
    failed = False
    load = {"open_clip": open_clip_features, "transformers": transformers_features}
    for source in map(pathlib.Path, folders):
        images, tokens = (torch.from_numpy(np.load(source / f"{name}.npy")) for name in ("images", "tokens"))
        with tempfile.TemporaryDirectory() as work:
            exported = source
            for step, form in enumerate(("open_clip", "transformers", "open_clip")):
                out = pathlib.Path(work) / str(step)
                subprocess.run([program, "export", exported, "--format", form, "--out", out], check=True, stdout=subprocess.DEVNULL)
                exported = out
                with torch.no_grad():
                    features = [unit(x) for x in load[form](out, images, tokens)]
                worst = max(np.abs(got - wanted).max() for got, wanted in zip(features, expected_features(source)))
                failed |= not worst < 1e-5
                print(f"{source.name:16} {form:12} {worst:.1e} {'agrees' if worst < 1e-5 else 'DIFFERS'}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
