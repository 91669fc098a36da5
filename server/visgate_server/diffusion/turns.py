"""Chooses who advances at the next step where not everybody can; runs nothing.

On a CPU a UNet call costs nearly in proportion to its rows, so who shares it with everybody finishes with everybody,
late. Those with the fewest steps left go first instead: on a server whose work sharing does not lessen, no order has a
shorter mean time to finish (Schrage 1968). Who is passed over comes nearer to the front with every step, so that nobody
waits for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from visgate_server.diffusion.active_request import ActiveRequest

PATIENCE = 4
"""Steps for which a request is passed over until it counts as one step nearer to its end."""


def whose_turn(in_flight: Sequence[ActiveRequest], most: int) -> list[ActiveRequest]:
    """At most that many requests, in the order in which they arrived; who is not among them has waited a step more."""
    if len(in_flight) <= most:
        return list(in_flight)
    chosen = set(sorted(in_flight, key=_place_in_line)[:most])
    for request in in_flight:
        if request not in chosen:
            request.steps_passed_over += 1
    return [request for request in in_flight if request in chosen]


def _place_in_line(request: ActiveRequest) -> float:
    return request.table.steps - request.step - request.steps_passed_over / PATIENCE
