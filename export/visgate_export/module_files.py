"""Imports a Python package from a folder of fetched files, without installing it; its archive's hash is pinned."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from visgate_export.errors import WeightFormatError


def import_package(name: str, init_file: Path) -> ModuleType:
    """The package whose `__init__.py` is `init_file`, imported once per process under `name`.

    Raises:
        WeightFormatError: the file is no Python module.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, init_file, submodule_search_locations=[str(init_file.parent)])
    if spec is None or spec.loader is None:
        raise WeightFormatError(f"{init_file.name} of package {name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: its own files import each other by this name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
