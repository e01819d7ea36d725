"""Read a run back for the contract of `tracking`, from the queue that Neptune would send."""

from reading import Tracked

from {{cookiecutter.package_name}}.migration import runs


def read(url: str) -> Tracked:
    """Read the run in the folder that `Run.url` named, whether it was closed or killed."""
    run = runs.read(url)
    return Tracked(
        job=run.job,
        params=run.params,
        tags=run.tags,
        curves={name: [(at.step, at.value) for at in curve] for name, curve in run.curves.items()},
        artifacts={name: sorted(files) for name, files in run.artifacts.items()},
        status=run.status,
    )


def kept_name(name: str) -> str:
    """Neptune takes any name, if it is quoted."""
    return name
