"""What `prepare` leaves behind, drawn at random to fit the schema."""

from pathlib import Path

import numpy as np
import pandas as pd

from {{cookiecutter.package_name}}.data.schema import SCHEMA

ROWS = {"train": 120, "validation": 40, "test": 40}


def write_splits() -> None:
    """Write the three splits below the current folder."""
    generator = np.random.default_rng(0)
    Path("data/prepared").mkdir(parents=True)
    for name, rows in ROWS.items():
        columns = {
            feature.name: generator.uniform(feature.low, feature.high, rows).astype("float32")
            for feature in SCHEMA.features
        }
        columns[SCHEMA.target] = generator.choice(SCHEMA.classes, rows)
        pd.DataFrame(columns).to_parquet(f"data/prepared/{name}.parquet")
