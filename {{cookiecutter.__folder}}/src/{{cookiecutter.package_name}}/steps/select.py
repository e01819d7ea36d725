"""Select the champion: the candidate with the lowest loss on the validation split.

Writes models/champion.json.
"""

from ..artifacts import read_json, write_json
from ..params import Params


def run(params: Params) -> None:
    """Name the best of `params.models`.

    Candidates come from the params, not from a folder listing: a model that was removed from
    `params.yaml` may still lie on disk. The loss decides, because on a few hundred rows two models
    often share an accuracy. Ties go to the smaller model, then to the name.
    """
    scores = {name: read_json(f"reports/{name}/validation.json") for name in params.models}
    best = min(scores, key=lambda name: (scores[name]["loss"], scores[name]["weights"], name))
    write_json("models/champion.json", {"model": best, **scores[best]})
    print(f"champion of {', '.join(sorted(scores))}: {best}")
