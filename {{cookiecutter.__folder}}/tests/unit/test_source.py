"""What any source of rows must give the steps after it."""

import inspect

import pandas as pd

from {{cookiecutter.package_name}}.data import source


def test_the_source_is_called_without_arguments_and_gives_a_table() -> None:
    signature = inspect.signature(source.load)
    assert not signature.parameters
    assert signature.return_annotation is pd.DataFrame
