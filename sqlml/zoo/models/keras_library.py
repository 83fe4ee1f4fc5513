"""TensorFlow and Keras, loaded without their chatter and set up so that results repeat."""

import logging
import os
from contextlib import suppress
from typing import Any

from sqlml.errors import StepError
from sqlml.zoo.models.keras import is_installed, not_installed


def _load() -> tuple[Any, Any]:
    if not is_installed():
        raise StepError(not_installed("this model"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    import keras
    import tensorflow

    for device in tensorflow.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # it is in use already, as it was set up then
            tensorflow.config.experimental.set_memory_growth(device, True)
    return tensorflow, keras


tensorflow, keras = _load()


def begin(seed: int, threads: int, *, anew: bool) -> None:
    """Make what follows repeatable, on as many threads; those of a process are set only once.

    anew: no network that was made or loaded before is needed any more.
    """
    with suppress(RuntimeError):
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(min(threads, 2))
    if anew:
        keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    if not tensorflow.config.list_physical_devices("GPU"):
        tensorflow.config.experimental.enable_op_determinism()
