"""How the bench drives this process: see ../protocol.ts."""

import json
import sys
import time


class LossCheck:
    """The loss of the step at which all contenders are compared."""

    def __init__(self, step):
        self._step = step
        self._steps = 0
        self.loss = None

    def see(self, loss):
        self._steps += 1
        if self._steps == self._step:
            # JSON has no NaN.
            self.loss = loss.item() if loss.isfinite() else None


class AskedFor:
    """The batches of as many steps as the bench asks for, in turn; between its requests the loop waits here."""

    def __init__(self, batches, about, check):
        self._batches = batches
        self._about = about
        self._check = check

    def __iter__(self):
        say("@ready", {"about": self._about})
        position = 0
        for line in sys.stdin:
            steps = int(line.removeprefix("run "))
            start = time.perf_counter()
            for _ in range(steps):
                yield self._batches[position % len(self._batches)]
                position += 1
            say("@done", {"seconds": time.perf_counter() - start, "check": self._check.loss})


def say(word, value):
    print(word, json.dumps(value), flush=True)
