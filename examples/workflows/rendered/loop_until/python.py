"""loop-until, written by sqlml."""

from __future__ import annotations

import sys


def tell(coin: str) -> str:
    return f"it is {coin}"


def flip() -> int:
    import random

    return random.randint(0, 1)


def name(side: int) -> str:
    return "heads" if side else "tails"


def loop():
    # flip, line 25
    flip_result = flip()

    # name, line 25
    name_result = name(flip_result)
    return name_result


# loop, line 24
for _ in range(20):
    loop_result = loop()
    if loop_result == "heads":
        break
else:
    sys.exit("loop: its condition still holds after 20 rounds")

# tell, line 27
tell_result = tell(loop_result)
print("tell:", tell_result)
