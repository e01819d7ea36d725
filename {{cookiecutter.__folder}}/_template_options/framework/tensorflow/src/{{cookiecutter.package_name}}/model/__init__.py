"""How TensorFlow runs here: without its start-up chatter, on one thread."""

import os

# Read when TensorFlow is imported: warnings and errors only.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import tensorflow as tf

# On one thread sums have one order on every machine; at this size two are no faster. It has to
# be said before the first operation.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
