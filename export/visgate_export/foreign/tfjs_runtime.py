"""Runs TF.js graph models in TF.js itself (WebAssembly in Node.js), as a reference; installs nothing."""

import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_export.errors import ConversionError, MissingToolError

_DRIVER = Path(__file__).with_name("run_graph_model.cjs")
_TIME_LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class TfjsLibrary:
    """The files of TF.js's own library that run a model, as its packages hold them."""

    library: Path
    """`dist/tf.min.js` of @tensorflow/tfjs."""
    wasm_library: Path
    """`dist/tf-backend-wasm.min.js` of @tensorflow/tfjs-backend-wasm."""
    wasm_binary: Path
    """`dist/tfjs-backend-wasm-simd.wasm` of the same package."""


@dataclass(frozen=True)
class TfjsModel:
    """A graph model as files."""

    topology: Path
    shards: tuple[Path, ...]
    """In the order in which the topology's manifest lists them."""


def run_rows(
    library: TfjsLibrary, model: TfjsModel, input_name: str, rows: NDArray[Any], outputs: Sequence[str]
) -> Mapping[str, NDArray[np.float32]]:
    """Runs the model on one row after the other, so that nothing can pass from row to row.

    Args:
        library: what runs the model.
        model: a model of one input and float outputs.
        input_name: the input's TensorFlow name.
        rows: int32 or float32, batch axis first.
        outputs: TensorFlow names of the tensors to fetch.

    Returns:
        The outputs by name, batch axis first.

    Raises:
        MissingToolError: Node.js is not installed.
        ConversionError: the run failed; the message holds what TF.js said.
    """
    node = shutil.which("node")
    if node is None:
        raise MissingToolError("node", "TF.js, the reference", "Install Node.js (Debian: apt install nodejs).")
    with tempfile.TemporaryDirectory(prefix="visgate-tfjs-") as name:
        folder = Path(name)
        input_file = folder / "input.raw"
        input_file.write_bytes(np.ascontiguousarray(rows).tobytes())
        output_files = {output: folder / f"output_{index}.raw" for index, output in enumerate(outputs)}
        job = {
            "library": str(library.library),
            "wasmLibrary": str(library.wasm_library),
            "wasmBinary": str(library.wasm_binary),
            "topology": str(model.topology),
            "shards": [str(shard) for shard in model.shards],
            "input": {"name": input_name, "file": str(input_file), "dtype": str(rows.dtype), "shape": rows.shape},
            "outputs": [{"name": output, "file": str(file)} for output, file in output_files.items()],
        }
        job_file = folder / "job.json"
        job_file.write_text(json.dumps(job))
        shapes = _run([node, str(_DRIVER), str(job_file)])
        return {output: _read(file, shapes[output]) for output, file in output_files.items()}


def _run(command: Sequence[str]) -> Mapping[str, Sequence[int]]:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ConversionError(f"TF.js did not end within {_TIME_LIMIT_SECONDS:.0f} s and was stopped") from error
    if finished.returncode != 0:
        raise ConversionError(
            f"TF.js could not run the model (Node.js 18 or newer is needed): {finished.stderr.strip()}"
        )
    # TF.js may print hints to standard output; the report is the last line.
    shapes: Mapping[str, Sequence[int]] = json.loads(finished.stdout.splitlines()[-1])["shapes"]
    return shapes


def _read(file: Path, shape: Sequence[int]) -> NDArray[np.float32]:
    values = np.fromfile(file, dtype=np.float32)
    if values.size != math.prod(shape):
        raise ConversionError(f"TF.js left {values.size} numbers for a tensor of shape {list(shape)}")
    return values.reshape(shape)
