"""Code 5 of the Couler paper: a coin is flipped again as long as it shows tails."""

import sqlml.couler as couler  # noqa: PLR0402


def random_code():
    import random

    result = "heads" if random.randint(0, 1) == 0 else "tails"
    print(result)


def flip_coin():
    return couler.run_script(image="alpine3.6", source=random_code)


# Stop flipping coin until the outputs of 'flip_coin' is not 'tails'
couler.exec_while(couler.equal("tails"), lambda: flip_coin())  # noqa: PLW0108
