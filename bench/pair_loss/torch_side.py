# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of compare.py: reads lines "n objective precision", makes one step each, and answers with
"seconds loss length_of_the_gradient_of_x peak_bytes". The objectives are written as their users write them: n x n in memory."""
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

WIDTH = 512


def numbers(first, count):
    """Numbers first, first + 1, ... of the embeddings: those of loss_run.hpp."""
    out = torch.empty(count)
    block = 1 << 20  # so that the integers do not count as memory that the loss needs
    for start in range(0, count, block):
        end = min(start + block, count)
        k = torch.arange(first + start, first + end) * 2654435761 & 0xFFFFFFFF
        k ^= k >> 16
        k = k * 2246822519 & 0xFFFFFFFF
        k ^= k >> 13
        out[start:end] = (k >> 8).float() / 2**24 - 0.5
    return out


class Problem:
    """Embeddings x and y, ids of four rows each, a learnable temperature and a learnable bias."""

    def __init__(self, n):
        self.n = n
        self.x, self.y = (numbers(k * n * WIDTH, n * WIDTH).view(n, WIDTH).requires_grad_() for k in (0, 1))
        self.ids = torch.arange(n) % max(n // 4, 1)
        self.scale = torch.tensor(math.log(1 / 0.07), requires_grad=True)
        self.bias = torch.tensor(-10.0, requires_grad=True)

    def unit(self):
        return F.normalize(self.x, dim=-1), F.normalize(self.y, dim=-1), self.scale.exp()

    def logits(self):
        x, y, t = self.unit()
        return (t * x @ y.T).float()

    def clip(self):
        s = self.logits()
        own = torch.arange(self.n)
        return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2

    def clip_as_open_clip(self):
        x, y, t = self.unit()
        own = torch.arange(self.n)
        return (F.cross_entropy((t * x @ y.T).float(), own) + F.cross_entropy((t * y @ x.T).float(), own)) / 2

    def hard_negatives(self, hardness=1.0, prior=0.1):
        """As in the code of Robinson et al. 2021 (2010.04592), one way."""
        s = self.logits()
        number = self.n - 1
        others = ~torch.eye(self.n, dtype=torch.bool)
        positive = s.diagonal().exp()
        negatives = s.exp() * others
        weights = (hardness * s).exp() * others
        weighted = (weights * negatives).sum(1) * number / weights.sum(1)
        corrected = ((weighted - prior * number * positive) / (1 - prior)).clamp(min=number * math.exp(-1 / 0.07))
        return -(positive / (positive + corrected)).log().mean()

    def supervised(self):
        s = self.logits()
        positive = (self.ids[:, None] == self.ids[None]).float()
        return -((positive * (s - s.logsumexp(1, keepdim=True))).sum(1) / positive.sum(1)).mean()

    def siglip(self):
        z = 2 * torch.eye(self.n) - 1
        return -F.logsigmoid(z * (self.logits() + self.bias)).sum() / self.n

    def step(self, objective, precision):
        for leaf in (self.x, self.y, self.scale, self.bias):
            leaf.grad = None
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = getattr(self, objective)()
        loss.backward()
        taken = time.perf_counter() - start
        return taken, loss.item(), self.x.grad.double().norm().item()


def main():
    torch.set_num_threads(int(sys.argv[1]))
    problem = None
    for line in sys.stdin:
        n, objective, precision = line.split()
        if problem is None or problem.n != int(n):
            problem = None
            problem = Problem(int(n))
        result = problem.step(objective, precision)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(*result, peak, flush=True)


if __name__ == "__main__":
    main()
