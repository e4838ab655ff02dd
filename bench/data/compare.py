"""compare.py AKIN_SIDE [--rounds N]: see compare.sh. The photograph is drawn here: waves and grain at the sizes and quality of web images."""
import argparse, io, os, subprocess, tempfile, time, warnings
import numpy as np, torch, open_clip, PIL
from PIL import Image

warnings.simplefilter("ignore")
torch.set_num_threads(1)
parser = argparse.ArgumentParser()
parser.add_argument("akin_side")
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()
seconds = 0.5
transform = open_clip.image_transform(224, is_train=False)

def photograph(width, height):
    random = np.random.RandomState(1)
    y, x = np.mgrid[0:height, 0:width] / width
    waves = [128 + 80 * np.sin(11 * x * (c + 1) + 9 * y * y * (c + 2)) + 12 * random.randn(height, width) for c in range(3)]
    return Image.fromarray(np.stack(waves, -1).clip(0, 255).astype("u1"))

def peer(data):
    start = now = time.thread_time()
    images = 0
    while now - start < seconds:
        pixels = transform(Image.open(io.BytesIO(data)))
        images += 1
        now = time.thread_time()
    return images / (now - start), pixels.double().sum().item()

def compare(width, height):
    buffer = io.BytesIO()
    photograph(width, height).save(buffer, "JPEG", quality=85)
    data = buffer.getvalue()
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(data)
        file.flush()
        akin = subprocess.Popen([arguments.akin_side, file.name, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        rates = []
        for _ in range(arguments.rounds + 1):
            akin.stdin.write("\n")
            akin.stdin.flush()
            ours, our_sum = map(float, akin.stdout.readline().split())
            theirs, their_sum = peer(data)
            rates.append((ours, theirs))
            if abs(our_sum - their_sum) > 1e-6 * abs(their_sum): raise SystemExit(f"{width} x {height}: the floats differ")
        akin.stdin.close()
        akin.wait()
    ours, theirs = np.median(rates[1:], axis=0)
    print(f"{width:5} x {height:<5}{len(data):8}{ours:14.1f}{theirs:14.1f}{ours / theirs:8.2f}", flush=True)

with open("/proc/cpuinfo") as info: name = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
print(f"# {name}, one thread, images a second of its processor time; Pillow {PIL.__version__}")
print("        JPEG   bytes          akin        Pillow   ratio")
for size in ((640, 427), (1280, 854), (4032, 2690)): compare(*size)
