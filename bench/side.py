# SPDX-License-Identifier: Apache-2.0
"""One side of a comparison: a process that is asked in turn with another one."""
import subprocess
import sys
import time


class Side:
    """A process that answers a line of words with a line of numbers.

    pause: seconds before a question, until the other side's idle threads have gone to sleep.
    errors: where the process writes them, as subprocess.Popen takes it; where this one does unless told.
    """

    def __init__(self, *command, pause, errors=None):
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.pause = pause

    def ask(self, *words):
        time.sleep(self.pause)
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"compare.py: no answer to: {' '.join(map(str, words))}")
        return [float(word) for word in answer.split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
