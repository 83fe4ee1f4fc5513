"""Code 3 of the Couler paper: a coin decides which step runs."""

import sqlml.couler as couler  # noqa: PLR0402


def random_code():
    import random

    res = "heads" if random.randint(0, 1) == 0 else "tails"
    print(res)


def flip_coin():
    return couler.run_script(image="python:alpine3.6", source=random_code)


def heads():
    return couler.run_container(image="alpine:3.6", command=["sh", "-c", 'echo "it was headed"'])


def tails():
    return couler.run_container(image="alpine:3.6", command=["sh", "-c", 'echo "it was tailed"'])


result = flip_coin()
couler.when(couler.equal(result, "heads"), lambda: heads())  # noqa: PLW0108
couler.when(couler.equal(result, "tails"), lambda: tails())  # noqa: PLW0108
