"""Datasets of the hub, through the ``datasets`` library and its usual cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from suite.checkpoints import hub
from suite.data.labels import with_names
from suite.data.readers import Row
from suite.errors import InputError

_SPLITS = {"train": "train", "test": "test", "validation": "validation", "valid": "validation", "val": "validation"}


def rows(source: str, *, columns: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of a hub dataset by split: train, validation and test where it has them, else its first split.

    Args:
        source: ``id`` or ``id:config``.
        columns: the columns wanted; all others are left out unless none of these exists.

    Raises:
        InputError: no such dataset or config, or it cannot be read as a table.
        NotApplicable: the hub is out of reach, or access is refused.
    """
    import datasets

    repo_id, _, config = source.partition(":")
    with _quiet():
        repository = hub.look_up(repo_id, None, "dataset")
        try:
            with _offline(repository):
                found = datasets.load_dataset(repo_id, config or None, revision=repository.revision)
        except datasets.exceptions.DatasetNotFoundError as error:  # though the hub has described it
            raise hub.refused(repo_id, "dataset") from error
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            if hub.is_connection_failure(error):
                raise hub.explain(error, repo_id, None, "dataset") from error
            reason = hub.first_line(error)[:300]
            remedy = "give a dataset of tables or images, as id or id:config"
            raise InputError(f"the hub dataset cannot be loaded ({reason})", got=source, remedy=remedy) from error
        known = {_SPLITS[name]: split for name, split in found.items() if name in _SPLITS}
        chosen = known or dict(list(found.items())[:1])
        return {name: _rows(split, f"{repo_id} {name}", columns) for name, split in chosen.items()}


def _rows(split: object, name: str, columns: Sequence[str]) -> list[Row]:
    from datasets import ClassLabel, Dataset, Image

    assert isinstance(split, Dataset)
    wanted = [column for column in split.column_names if column.lower() in columns]
    table = split.select_columns(wanted) if wanted else split.select(range(min(1, len(split))))
    for column, feature in table.features.items():
        if isinstance(feature, Image):
            table = table.cast_column(column, Image(decode=False))
    elements = {column: getattr(feature, "feature", feature) for column, feature in table.features.items()}
    classes = {column: tuple(each.names) for column, each in elements.items() if isinstance(each, ClassLabel)}
    rows = [Row(f"{name}, row {number}", dict(values)) for number, values in enumerate(table, 1)]
    for column, names in classes.items():
        for row in rows:
            row.values[column] = with_names(row.values[column], names, row.place)
    return rows


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import datasets

    hidden, verbosity = datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        with hub.quiet():
            yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not hidden:
            datasets.enable_progress_bars()


@contextlib.contextmanager
def _offline(repository: hub.Repository) -> Iterator[None]:
    """The datasets library goes straight to its cache where the hub is known to be out of reach."""
    from datasets import config

    before = config.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = before or repository.cached_only
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE = before
