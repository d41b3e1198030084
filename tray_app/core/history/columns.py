"""Writes a column of figures as short JSON: differences in the column's own unit, runs counted.

A difference stands for a value; ``[n]`` stands for n differences of 0, ``[-n]`` for n unknown
values. A day of samples in this form is a third of its plain JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from msgspec import Struct

RUN_MIN = 3
"""Fewer of the same are not longer one by one."""

Coded = list[int | list[int]]


class Column(Struct, frozen=True, omit_defaults=True):
    """``value = scale * (first + sum of differences)``; ``scale`` is ``unit / parts``.

    ``order`` 2: what is coded are the differences of the differences, as is right for times.
    """

    diffs: Coded
    first: int = 0
    unit: int = 1
    parts: int = 1
    order: int = 1


def coded(values: Sequence[float | None], parts: int = 1) -> Column:
    """The column of these values, each rounded to ``1 / parts``."""
    whole = [None if value is None else round(value * parts) for value in values]
    known = [value for value in whole if value is not None]
    if not known:
        return Column([[-len(whole)]] if whole else [], parts=parts)
    diffs = _differences(whole, known)
    unit = math.gcd(*(diff for diff in diffs if diff)) or 1
    short = [diff and diff // unit for diff in diffs] if unit > 1 else diffs
    return Column(_runs(short), first=known[0], unit=unit, parts=parts)


def coded_times(at_ms: Sequence[int]) -> Column:
    """The column of moments: the differences of their distances."""
    if not at_ms:
        return Column([], order=2)
    steps = [0, *(after - before for before, after in pairwise(at_ms))]
    diffs = [0, *(after - before for before, after in pairwise(steps))]
    return Column(_runs(diffs), first=at_ms[0], order=2)


def _differences(whole: Sequence[int | None], known: Sequence[int]) -> list[int | None]:
    if len(known) == len(whole):
        return [0, *(after - before for before, after in pairwise(known))]
    diffs: list[int | None] = []
    last = known[0]
    for value in whole:
        diffs.append(None if value is None else value - last)
        last = last if value is None else value
    return diffs


def _runs(diffs: Iterable[int | None]) -> Coded:
    found: Coded = []
    for diff, group in groupby(diffs):
        count = sum(1 for _ in group)
        if diff is None:
            found.append([-count])
        elif diff == 0 and count >= RUN_MIN:
            found.append([count])
        else:
            found.extend([diff] * count)
    return found


def decoded(column: Column) -> list[float | None]:
    """The values again; the page's script does the same."""
    values: list[float | None] = []
    total, step = column.first, 0
    for entry in column.diffs:
        diff, count = (0, abs(entry[0])) if isinstance(entry, list) else (entry, 1)
        if isinstance(entry, list) and entry[0] < 0:
            values.extend([None] * count)
            continue
        for _ in range(count):
            step = step + diff if column.order == 2 else diff
            total += step * column.unit
            values.append(total if column.parts == 1 else total / column.parts)
    return values
