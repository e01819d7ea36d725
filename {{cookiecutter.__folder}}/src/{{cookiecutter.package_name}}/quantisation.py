"""Make an ONNX graph smaller: 8-bit integers in place of its largest tables of float32 weights.

Static quantisation with ONNX Runtime: activations get a scale from calibration rows, weights one
for each channel. Only matrix products and convolutions are changed, so that raw features of very
different size still meet float32 preprocessing.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

HEAVY = ["Conv", "Gemm", "MatMul"]
CHUNK = 64


def quantise(path: str | Path, calibration: np.ndarray) -> None:
    """Rewrite the graph at `path`; `calibration` is raw inputs, shape (n, *input_shape)."""
    with TemporaryDirectory() as folder:
        prepared, small = Path(folder, "prepared.onnx"), Path(folder, "small.onnx")
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(small),
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=HEAVY,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        Path(path).write_bytes(small.read_bytes())


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hand out the calibration rows, some at a time."""

    def __init__(self, inputs: np.ndarray) -> None:
        self._parts: Iterator[np.ndarray] = iter(
            inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        part = next(self._parts, None)
        return None if part is None else {"inputs": part}
