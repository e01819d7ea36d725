"""Where this project's rows come from: edit it together with `schema.py`."""

import pandas as pd
from sklearn.datasets import load_digits

from .schema import SCHEMA


def load() -> pd.DataFrame:
    """Return every labelled row: the schema's feature columns and its target, a class name.

    1,797 handwritten digits of 43 people, 8 x 8 pixels from 0 (white) to 16 (black): the test part
    of the UCI data set "Optical Recognition of Handwritten Digits" (CC BY 4.0), which scikit-learn
    brings along.
    """
    pixels, digits = load_digits(return_X_y=True)
    frame = pd.DataFrame(pixels.astype("float32"), columns=SCHEMA.feature_names)
    frame[SCHEMA.target] = digits.astype(str)
    return frame
