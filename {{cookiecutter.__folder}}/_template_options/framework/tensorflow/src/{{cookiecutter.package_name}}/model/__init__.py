"""How TensorFlow runs here: without its start-up chatter, on one thread."""

import os

# Read when TensorFlow is imported: warnings and errors only.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
# Else the first process takes all memory of a GPU, and those beside it get none.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

import tensorflow as tf

# On one thread sums have one order on every machine; at this size two are no faster. It has to
# be said before the first operation.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
# Else GPUs round the factors of products to 10 bits; `precision` is there to say when that will do.
tf.config.experimental.enable_tensor_float_32_execution(False)
