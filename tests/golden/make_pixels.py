"""Small images in every form that files have, and the pixels that open_clip, transformers and SigLIP's preprocessing make of them.

    python -m venv v && v/bin/pip install torch torchvision open_clip_torch transformers "pillow<13"
    v/bin/python make_pixels.py tests/golden/pixels/more

Writes in/ (all but ycck.jpg, which a few lines of libjpeg wrote with jpeg_set_colorspace(JCS_YCCK) and which is read as it is), names.txt
(the files, in order), and for each policy NAME: NAME.u8.npy, uint8 [files, 32, 32, 3], and NAME.values.npy, float32 [3, 256]: what a
pixel of value v becomes in each channel.
"""
import os, struct, sys, warnings, zlib
import numpy as np, open_clip
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

warnings.simplefilter("ignore")
out, size = sys.argv[1], 32
os.makedirs(f"{out}/in", exist_ok=True)
random = np.random.RandomState(7)

def photo(width, height, channels=3):
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [128 + 90 * np.sin(9 * x * (c + 1) + 7 * y * y * (c + 2)) + 25 * random.randn(height, width) for c in range(channels)]
    return np.stack(waves, -1).clip(0, 255).astype("u1")

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(name, width, height, depth, kind, rows, *chunks):
    """What Pillow does not write; rows is [height, bytes]."""
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    parts = [chunk(b"IHDR", head), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    with open(f"{out}/in/{name}", "wb") as file: file.write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))

def deep_rows(values):
    return np.frombuffer(values.astype(">u2").tobytes(), "u1").reshape(len(values), -1)

def write(name, data):
    with open(f"{out}/in/{name}", "wb") as file: file.write(data)

def save(name, image, **options):
    image.save(f"{out}/in/{name}", **options)

rgb, gray = photo(52, 37), photo(52, 37, 1)[:, :, 0]
image = Image.fromarray(rgb)
colors = image.convert("P", palette=Image.ADAPTIVE, colors=60)
turned = Image.Exif()
turned[0x112] = 6

save("alpha.png", Image.fromarray(photo(52, 37, 4)))
save("gray_alpha.png", Image.fromarray(photo(37, 52, 2), "LA"))
save("bilevel.png", image.convert("1"))
save("bilevel.pbm", image.convert("1"))
save("palette_alphas.png", colors, transparency=bytes(range(60)))
save("palette_4_colors.png", image.convert("P", palette=Image.ADAPTIVE, colors=4), bits=2)
save("gray_transparent.png", Image.fromarray(gray), transparency=100)
save("gray_16.png", Image.fromarray(random.randint(0, 65536, (37, 52)).astype("u2")))
save("gray_16_dark.png", Image.fromarray(gray.astype("u2")))
save("gray_16.pgm", Image.fromarray(gray.astype("u2") * 3))
save("tall.png", Image.fromarray(photo(4, 401)))
save("same_size.png", Image.fromarray(photo(32, 32, 4)))
save("odd_crop.png", Image.fromarray(photo(67, 32)))
save("one_pixel.png", Image.fromarray(photo(1, 1)))
save("cmyk.jpg", image.convert("CMYK"))
save("gray.jpg", Image.fromarray(gray))
save("progressive_422.jpg", image, progressive=True, subsampling=1, quality=90)
save("restarts_420.jpg", image, restart_marker_blocks=2)
save("rgb_not_ycc.jpg", image, keep_rgb=True)
save("turned.jpg", image, exif=turned)
save("alpha.webp", Image.fromarray(photo(52, 37, 4)), quality=70)
save("lossless.webp", image, lossless=True)
frames = [Image.fromarray(photo(40, 40, 4)) for _ in range(2)]
save("animation.webp", frames[0], save_all=True, append_images=frames[1:], duration=50, quality=50)
save("animation.png", frames[0], save_all=True, append_images=frames[1:], duration=50)
png("rgb_16.png", 52, 37, 16, 2, deep_rows(random.randint(0, 65536, (37, 52 * 3))))
png("alpha_16.png", 52, 37, 16, 6, deep_rows(random.randint(0, 65536, (37, 52 * 4))))
png("gray_alpha_16.png", 52, 37, 16, 4, deep_rows(random.randint(0, 65536, (37, 52 * 2))))
png("gray_2_bits.png", 52, 37, 2, 0, random.randint(0, 256, (37, 13)).astype("u1"))
png("palette_too_short.png", 52, 37, 8, 3, random.randint(0, 256, (37, 52)).astype("u1"), chunk(b"PLTE", bytes(range(60))))
png("gamma.png", 52, 37, 8, 2, rgb.reshape(37, -1), chunk(b"gAMA", struct.pack(">I", 30000)))
write("maximum_100.pgm", b"P5 52 37 100\n" + (gray * (100 / 255)).astype("u1").tobytes())
write("maximum_1000.ppm", b"P6 52 37 1000\n" + (rgb.astype("u4") * 1000 // 255).astype(">u2").tobytes())
write("text.ppm", b"P3 # red, green, blue\n52 37 255\n" + " ".join(map(str, rgb.ravel())).encode())
write("text.pgm", b"P2 52 37 3000\n" + " ".join(map(str, gray.ravel().astype(int) * 3)).encode())
write("text.pbm", b"P1\n52 37\n" + (gray > 100).astype("u1").tobytes().translate(bytes.maketrans(b"\0\1", b"01")))

names = sorted(os.listdir(f"{out}/in"))
half = dict(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
every_value = Image.fromarray(np.repeat(np.arange(256, dtype="u1")[:, None], 3, 1).reshape(16, 16, 3))

def open_clip_pixels(resize_mode, **normalisation):
    transform = open_clip.image_transform(size, is_train=False, resize_mode=resize_mode, **normalisation)
    def pixels(path):
        x = Image.open(path)
        for step in transform.transforms[:-2]: x = step(x)
        return np.asarray(x)
    return pixels, transform.transforms[-1](transform.transforms[-2](every_value)).numpy().reshape(3, 256)

def transformers_pixels():
    sizes = dict(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    processor = CLIPImageProcessorPil(**sizes, do_rescale=False, do_normalize=False)
    def pixels(path):  # convert("RGB") is what CLIPImageProcessor did itself up to transformers 4
        rgb_image = Image.fromarray(np.asarray(Image.open(path).convert("RGB")))
        return processor(rgb_image, return_tensors="np")["pixel_values"][0].astype("u1").transpose(1, 2, 0)
    values = CLIPImageProcessorPil(do_resize=False, do_center_crop=False)(every_value, return_tensors="np")["pixel_values"][0]
    return pixels, values.reshape(3, 256)

policies = {"open_clip": open_clip_pixels("shortest"), "siglip": open_clip_pixels("squash", **half), "transformers": transformers_pixels()}
for policy, (pixels, values) in policies.items():
    np.save(f"{out}/{policy}.u8.npy", np.stack([pixels(f"{out}/in/{name}") for name in names]))
    np.save(f"{out}/{policy}.values.npy", values)
with open(f"{out}/names.txt", "w") as file: file.write("".join(name + "\n" for name in names))
