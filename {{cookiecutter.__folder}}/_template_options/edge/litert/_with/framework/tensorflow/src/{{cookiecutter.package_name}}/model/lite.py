"""Turn a trained model into a .tflite file, for LiteRT."""

import keras
import tensorflow as tf

from ..data.spec import Schema
from .network import Classifier


def convert(model: Classifier, schema: Schema) -> bytes:
    """Return the file, in float32: one row of raw features `inputs` to `probabilities`."""
    keras.config.disable_interactive_logging()  # it would list every variable
    row = keras.Input(schema.input_shape, batch_size=1, name="inputs")
    named = keras.Model(row, {"probabilities": model(row)})
    converter = tf.lite.TFLiteConverter.from_keras_model(named)
    # Else a table's scales move into the weights of the first dense layer, and int8 would round
    # columns of very different size with one scale.
    converter._experimental_disable_fuse_mul_and_fc = True
    content: bytes = converter.convert()
    return content
