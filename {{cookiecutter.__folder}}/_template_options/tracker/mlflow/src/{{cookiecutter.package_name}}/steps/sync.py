"""Send the tracked runs that the MLflow server lacks."""

from ..mirror import sync
from ..params import Params


def run(params: Params) -> None:  # noqa: ARG001
    """Send them, the oldest first, and print their names; run again, it finds nothing to do."""
    sent = sync()
    print(f"sent: {', '.join(sent)}" if sent else "the server has every run")
