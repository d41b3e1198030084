"""Bodies of every kind for property tests: real ones, real ones with odd values, and any JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.sources.faults import PAYLOADS

NESTED: dict[str, Any] = json.loads((PAYLOADS / "memory-status.processing.json").read_bytes())
FLAT = {
    "process_memory_mb": 225.6,
    "process_memory_percent": 1.4,
    "system_memory_used_percent": 43.5,
    "system_memory_available_gb": 9.0,
    "system_memory_total_gb": 16,
    "memory_tracker_active": True,
    "recent_peak_memory_mb": 300.1,
}

FIELD_NAMES = sorted(
    {"error", "history", "stage", "timestamp", "detail", "process_memory_mb"}
    | NESTED.keys()
    | NESTED["process_memory"].keys()
    | NESTED["system_memory"].keys()
    | NESTED["tmp_directory"].keys()
    | FLAT.keys()
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, -1, 1e308, "NaN", "12"])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELD_NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all nodes of a JSON value, its root first."""
    below: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [path, *(place for key, inner in below for place in places(inner, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: object) -> Any:
    """A copy of a JSON value in which another value stands at ``path``."""
    if not path:
        return by
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], by)
    return changed


RECORDED = [json.loads(f.read_bytes()) for f in sorted(PAYLOADS.glob("memory-*.json"))]
NODES = [(body, path) for body in RECORDED for path in places(body)]

BODIES = (
    st.sampled_from(NODES).flatmap(
        lambda node: ANY_JSON.map(lambda value: json.dumps(replaced(*node, value)).encode())
    )
    | st.dictionaries(st.sampled_from(sorted(FLAT)), SCALARS).map(
        lambda values: json.dumps(FLAT | values).encode()
    )
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(RECORDED).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
)
"""Bodies of an answer."""
