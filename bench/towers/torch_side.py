# SPDX-License-Identifier: Apache-2.0
"""The peers' side of compare.py: open_clip's ViT-B/32 in PyTorch, and its two encoders in ONNX Runtime.

torch_side.py FOLDER inputs            writes weights.safetensors, pixels.npy and ids.npy, which both sides read
torch_side.py FOLDER torch|ort THREADS answers lines "what precision batch [file]" with "seconds loss peak_bytes"; a file receives the features"""
import pathlib
import resource
import sys
import time

import numpy
import open_clip
import torch

BATCH, CONTEXT, VOCABULARY = 64, 77, 49408


def make_model(folder):
    torch.manual_seed(0)
    model = open_clip.create_model("ViT-B-32", pretrained=None, force_quick_gelu=True)
    if (folder / "weights.safetensors").exists():
        from safetensors.torch import load_file

        model.load_state_dict(load_file(folder / "weights.safetensors"))
    return model


def write_inputs(folder):
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    model = make_model(folder)
    numpy.save(folder / "pixels.npy", torch.randn(BATCH, 3, 224, 224).numpy())
    ids = torch.randint(1, VOCABULARY - 2, (BATCH, CONTEXT), dtype=torch.int32)
    ids[:, 0], ids[:, -1] = VOCABULARY - 2, VOCABULARY - 1
    numpy.save(folder / "ids.npy", ids.numpy())
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "weights.safetensors")


class Inputs:
    def __init__(self, folder):
        self.pixels, self.ids = numpy.load(folder / "pixels.npy"), numpy.load(folder / "ids.npy")

    def of(self, what, batch):
        return self.pixels[:batch] if what == "image" else self.ids[:batch].astype(numpy.int64)


class Torch:
    def __init__(self, folder, threads):
        torch.set_num_threads(threads)
        self.inputs, self.model, self.optimizer = Inputs(folder), make_model(folder), None

    def encode(self, what, precision, batch):
        encode = self.model.encode_image if what == "image" else self.model.encode_text
        self.model.eval()
        x = torch.from_numpy(self.inputs.of(what, batch))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            start = time.perf_counter()
            features = encode(x)
            return time.perf_counter() - start, 0, features.float().numpy()

    def train(self, precision, batch):
        if self.optimizer is None:
            self.model.train()
            self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)
            self.loss = open_clip.ClipLoss()
        images, ids = (torch.from_numpy(self.inputs.of(what, batch)) for what in ("image", "text"))
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            out = self.model(images, ids)
            loss = self.loss(*out[:3]) if isinstance(out, tuple) else self.loss(out["image_features"], out["text_features"], out["logit_scale"])
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - start, loss.item(), None

    def step(self, what, precision, batch):
        return self.train(precision, batch) if what == "train" else self.encode(what, precision, batch)


class Encoder(torch.nn.Module):
    def __init__(self, model, what):
        super().__init__()
        self.model, self.what = model, what

    def forward(self, x):
        return self.model.encode_image(x) if self.what == "image" else self.model.encode_text(x)


class OnnxRuntime:
    def __init__(self, folder, threads):
        self.folder, self.threads, self.inputs, self.sessions = folder, threads, Inputs(folder), {}

    def session(self, what, batch):
        import onnxruntime

        file = self.folder / f"{what}{batch}.onnx"
        if not file.exists():
            x = torch.from_numpy(self.inputs.of(what, batch))
            torch.onnx.export(Encoder(make_model(self.folder).eval(), what), (x,), file, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def step(self, what, precision, batch):
        if (what, batch) not in self.sessions:
            self.sessions[what, batch] = self.session(what, batch)
        x = self.inputs.of(what, batch)
        start = time.perf_counter()
        (features,) = self.sessions[what, batch].run(None, {"x": x})
        return time.perf_counter() - start, 0, features


def main():
    folder = pathlib.Path(sys.argv[1])
    if sys.argv[2] == "inputs":
        return write_inputs(folder)
    side = {"torch": Torch, "ort": OnnxRuntime}[sys.argv[2]](folder, int(sys.argv[3]))
    for line in sys.stdin:
        what, precision, batch, *file = line.split()
        seconds, loss, features = side.step(what, precision, int(batch))
        if file:
            numpy.save(file[0], features)
        print(seconds, loss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    main()
