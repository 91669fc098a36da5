"""Which requests can share a network call; runs none."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from visgate_server.diffusion.active_request import ActiveRequest

Group = tuple[ActiveRequest, ...]


def unet_groups(requests: Sequence[ActiveRequest], max_rows: int) -> list[Group]:
    """Requests that share a UNet call: of one drawing size and one UNet, at most `max_rows` rows.

    Where there are more rows than that they are dealt over as few calls as will do, about evenly. Within a group
    requests with the same kind of ControlNet stand side by side, and otherwise in the order given.
    """
    groups: list[Group] = []
    for alike in _alike(requests, lambda request: (_size(request), request.request.unet)):
        ordered = sorted(alike, key=control_kind)
        groups.extend(_dealt(ordered, max_rows))
    return groups


def same_size_groups(requests: Iterable[ActiveRequest], most: int) -> list[Group]:
    """Requests of one drawing size, at most that many together."""
    return [
        tuple(alike[start : start + most]) for alike in _alike(requests, _size) for start in range(0, len(alike), most)
    ]


def _alike(requests: Iterable[ActiveRequest], key: Callable[[ActiveRequest], Hashable]) -> list[list[ActiveRequest]]:
    by_key: dict[Hashable, list[ActiveRequest]] = {}
    for request in requests:
        by_key.setdefault(key(request), []).append(request)
    return list(by_key.values())


def _size(request: ActiveRequest) -> tuple[int, int]:
    return request.request.height, request.request.width


def control_kind(request: ActiveRequest) -> str:
    """The ControlNet that a request needs; empty for none."""
    return "" if request.request.control is None else request.request.control.kind


def _dealt(requests: Sequence[ActiveRequest], max_rows: int) -> list[Group]:
    rows_left = sum(len(request.rows) for request in requests)
    calls_left = -(-rows_left // max_rows)
    groups: list[Group] = []
    group: list[ActiveRequest] = []
    rows = 0
    for request in requests:
        fair_share = rows_left / max(calls_left, 1)
        if group and (rows >= fair_share or rows + len(request.rows) > max_rows):
            groups.append(tuple(group))
            rows_left, calls_left = rows_left - rows, calls_left - 1
            group, rows = [], 0
        group.append(request)
        rows += len(request.rows)
    return [*groups, tuple(group)]
