"""Classic load balancers (product SLB), as far as one asks which of them have an instance among their servers."""

from __future__ import annotations

from ..details_world import LoadBalancer
from ..wire import missing_parameter
from .common import Answer, Context, Parameters, page
from .table import Operation, reads


def describe_load_balancers(context: Context, given: Parameters) -> Answer:
    """By the id of one server; that it finds all server groups, and nothing of an unknown server, is assumed."""
    if "PageSize" in given and "PageNumber" not in given:  # documented (SDK text of PageSize), the code is assumed
        raise missing_parameter("PageNumber")
    server = given.get("ServerId")
    chosen = [one for one in context.region.load_balancers.values() if server is None or server in one.backends]
    answer = page(chosen, given, lambda one: _load_balancer(context, one), least=1, most=100)
    return {"LoadBalancers": {"LoadBalancer": answer.pop("items")}, **answer}


def _load_balancer(context: Context, one: LoadBalancer) -> Answer:
    return {
        "LoadBalancerId": one.load_balancer_id,
        "LoadBalancerName": one.name,
        "LoadBalancerStatus": one.status,
        "RegionId": context.region.region_id,
        "AddressType": "intranet",
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeLoadBalancers": reads(describe_load_balancers, "ServerId PageNumber PageSize", "slb"),
}
