# SPDX-License-Identifier: Apache-2.0
"""What open_clip, transformers and PyTorch say of public CLIPs: their tensors, and resampled positions.

    python -m venv v && v/bin/pip install torch open_clip_torch transformers safetensors
    v/bin/python make.py          # writes presets.csv and positions.safetensors beside this file

presets.csv: for each model its tensors, its parameters, and a checksum (64-bit FNV-1a) of the sorted lines "name [shape]", in open_clip's
names and, where there is such a model, in transformers'. Nothing is downloaded and no weight is made: the models stand on the device "meta".
positions.safetensors: N.from and N.to for each case N of CASES, from torch.nn.functional.interpolate as open_clip calls it.
"""
import pathlib

import open_clip
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

HERE = pathlib.Path(__file__).parent
MODELS = """ViT-S-32 ViT-S-32-alt ViT-S-16 ViT-M-32 ViT-B-32 ViT-B-32-256 ViT-B-16 ViT-L-14 ViT-L-14-336 ViT-L-16 ViT-H-14 ViT-g-14
ViT-bigG-14 RN50 RN101 RN50x4 RN50x16 RN50x64 ViT-B-16-SigLIP ViT-L-16-SigLIP-256 ViT-SO400M-14-SigLIP ViT-SO400M-14-SigLIP-384
ViT-L-16-SigLIP2-256""".split()
# kind, old sizes, new sizes, width
CASES = [("grid", (7, 7), (16, 16), 3), ("grid", (16, 16), (7, 7), 3), ("grid", (3, 3), (5, 2), 4), ("grid", (14, 14), (24, 24), 2),
         ("grid", (5, 4), (4, 9), 2), ("grid", (2, 2), (1, 1), 2), ("text", (77,), (32,), 3), ("text", (8,), (77,), 2), ("text", (5,), (6,), 2)]


def checksum(lines):
    value = 0xCBF29CE484222325
    for byte in "".join(sorted(lines)).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def listing(model):
    tensors = {k: v for k, v in model.state_dict().items() if not k.endswith(("num_batches_tracked", "attn_mask", "position_ids"))}
    lines = [f"{name} {list(tensor.shape)}\n" for name, tensor in tensors.items()]
    return f"{len(tensors)},{checksum(lines)}"


def in_transformers(model):
    config, text = open_clip.get_model_config(model), open_clip.get_model_config(model)["text_cfg"]
    with torch.device("meta"):
        m = open_clip.create_model(model, pretrained=None, load_weights=False, device="meta")
    image = m.visual
    if hasattr(image, "layer1"):
        return ","
    if "SigLIP" in model:
        t = image.trunk
        sizes = dict(hidden_size=t.embed_dim, intermediate_size=t.blocks[0].mlp.fc1.out_features, num_hidden_layers=len(t.blocks),
                     num_attention_heads=t.blocks[0].attn.num_heads, image_size=config["vision_cfg"]["image_size"], patch_size=t.patch_embed.patch_size[0])
    else:
        b = image.transformer.resblocks
        sizes = dict(hidden_size=image.conv1.out_channels, intermediate_size=b[0].mlp.c_fc.out_features, num_hidden_layers=len(b),
                     num_attention_heads=b[0].attn.num_heads, image_size=config["vision_cfg"]["image_size"], patch_size=image.conv1.kernel_size[0], projection_dim=config["embed_dim"])
    words = dict(hidden_size=text["width"], intermediate_size=int(text["width"] * text.get("mlp_ratio", 4)), num_hidden_layers=text["layers"],
                 num_attention_heads=text["heads"], max_position_embeddings=text["context_length"], vocab_size=text["vocab_size"])
    with torch.device("meta"):
        if "SigLIP" in model:
            return listing(SiglipModel(SiglipConfig(text_config=words, vision_config=sizes)))
        words["projection_dim"] = config["embed_dim"]
        return listing(CLIPModel(CLIPConfig(text_config=words, vision_config=sizes, projection_dim=config["embed_dim"])))


def presets():
    rows = ["name,parameters,open_clip_tensors,open_clip_checksum,transformers_tensors,transformers_checksum"]
    for model in MODELS:
        with torch.device("meta"):
            m = open_clip.create_model(model, pretrained=None, load_weights=False, device="meta")
        rows.append(f"{model},{sum(p.numel() for p in m.parameters())},{listing(m)},{in_transformers(model)}")
        print(rows[-1], flush=True)
    (HERE / "presets.csv").write_text("\n".join(rows) + "\n")


def positions():
    torch.manual_seed(1)
    tensors = {}
    for number, (kind, old, new, width) in enumerate(CASES):
        source = torch.randn(1, width, *old)
        how = dict(mode="bicubic", antialias=True) if kind == "grid" else dict(mode="linear", antialias=False)
        result = F.interpolate(source, size=new, align_corners=False, **how)
        for name, value in (("from", source), ("to", result)):
            tensors[f"{number}.{name}"] = value[0].movedim(0, -1).contiguous()
    save_file(tensors, HERE / "positions.safetensors")


if __name__ == "__main__":
    positions()
    presets()
