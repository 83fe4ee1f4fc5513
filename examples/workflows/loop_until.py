"""`loop_until`: flip a coin until it shows heads, at most twenty times."""

import sqlml


@sqlml.step
def flip() -> int:
    import random

    return random.randint(0, 1)


@sqlml.step
def name(side: int) -> str:
    return "heads" if side else "tails"


@sqlml.step
def tell(coin: str) -> str:
    return f"it is {coin}"


with sqlml.workflow("loop-until") as flow:
    with flow.loop_until(max=20) as loop:
        coin = name(flip())
        loop.until(coin == "heads")
    tell(coin)  # after the loop, what its steps returned in the last round

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs["tell"])
