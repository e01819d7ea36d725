"""Make a .tflite file smaller: 8-bit integers in place of float32, in weights and activations.

Static quantisation after training with AI Edge Quantizer: activations get a scale from calibration
rows, weights one for each channel. What comes before the first layer and after the last stays
float32, so that raw features of very different size meet an exact standardisation, and a
probability is not rounded to one of 256 steps.
"""

import warnings

import numpy as np
from ai_edge_quantizer.calibrator import Calibrator
from ai_edge_quantizer.qtyping import TFLOperationName
from ai_edge_quantizer.quantizer import Quantizer
from ai_edge_quantizer.recipe_manager import RecipeManager
from ai_edge_quantizer.utils.qsv_utils import min_max_update

# The layers, and what only moves values between them.
OPERATIONS = (
    TFLOperationName.CONV_2D,
    TFLOperationName.DEPTHWISE_CONV_2D,
    TFLOperationName.FULLY_CONNECTED,
    TFLOperationName.MAX_POOL_2D,
    TFLOperationName.RESHAPE,
    TFLOperationName.TRANSPOSE,
)


def quantise(model: bytes, calibration: np.ndarray) -> bytes:
    """Return the float file `model` in int8; its input and output stay float32.

    `calibration` are raw inputs of shape (n, *input_shape).
    """
    recipe = RecipeManager()
    for operation in OPERATIONS:
        recipe.add_static_config(".*", operation, activation_num_bits=8, weight_num_bits=8)
    rows = [{"inputs": row[None]} for row in calibration]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it keeps every activation, as it must
        # Extremes of all rows. The library's own choice is a moving average, which the last rows
        # decide: in a table that is sorted by its classes, the last class.
        calibrator = Calibrator(model, num_threads=1, qsv_update_func=min_max_update)
        calibrator.calibrate({"serving_default": rows}, recipe)
        quantizer = Quantizer(model, recipe.get_quantization_recipe())
        found = quantizer.quantize(calibrator.get_model_qsvs(), enable_progress_report=False)
    return bytes(found.quantized_model)
