# LocalStack pulls the image of a runtime when a function is made, whether the engine has it or not. The stand-in was
# built on this engine, and there is nowhere to pull it from.
import threading
from importlib import import_module
from typing import Any
from unittest.mock import patch

made = threading.Lock


class Lock:
    """Lock as a class, which it is from Python 3.13 on: LocalStack has it in an annotation there."""

    def __new__(cls) -> Any:
        return made()


with patch.object(threading, "Lock", Lock):
    import_module("localstack.packages")

executor = import_module("localstack.services.lambda_.invocation.docker_runtime_executor")
IMAGE = executor.get_default_image_for_runtime("python3.11")
executor.PULLED_IMAGES.update((IMAGE, platform) for platform in executor.ARCHITECTURE_PLATFORM_MAPPING.values())
