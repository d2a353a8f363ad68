"""The root queueing discipline of a link (tc(8); include/uapi/linux/pkt_sched.h), one class a kind.

What the kernel attaches by itself (handle 0: noqueue, pfifo_fast, mq, or net.core.default_qdisc) is no resource:
where a file names none, or no longer names one, the link has that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, Union

from pydantic import BaseModel, Field

from netapply.model.attribute import SWITCH, Change, Nla, Table, numbered, table_of
from netapply.model.part import Part
from netapply.model.resource import Resource
from netapply.model.tc_values import CODEL, RATE, SHARE, SIZE, TIME, CodelTime, Micros, Rate, Share, Size

RECREATE = Change.RECREATE
U32: Final = 2**32
Diffserv = Literal["diffserv3", "diffserv4", "diffserv8", "besteffort", "precedence"]
FlowMode = Literal[
    "flowblind", "srchost", "dsthost", "hosts", "flows", "dual-srchost", "dual-dsthost", "triple-isolate",
]  # fmt: skip
AckFilter = Literal["no", "yes", "aggressive"]


class Qdisc(Part):
    """What every kind has: its name."""

    family: ClassVar[str] = "qdisc"
    kind: str

    def resources(self, link: str) -> Iterator[Resource]:
        for resource in super().resources(link):
            table = qdisc_table(self.kind)
            wished = {row.attribute: getattr(self, row.attribute) for row in table}
            said = {name: value for name, value in wished.items() if value is not None}
            yield Resource(resource.key, self.kind, said)

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """None for one whose options netapply cannot read: a file cannot say it."""
        model = kinds().get(resource.kind)
        if model is None or not resource.facts.get("whole", True):
            return None
        return {"kind": resource.kind, **model.options(resource)}

    @classmethod
    def options(cls, resource: Resource) -> dict[str, Any]:
        """What a file would say of it: what is not as the kernel makes it."""
        rows = ((row, resource.attributes.get(row.attribute)) for row in qdisc_table(resource.kind))
        return {row.attribute: value for row, value in rows if value is not None and value != row.nla.default}

    @classmethod
    def model_at(cls, path: tuple[int | str, ...]) -> type[BaseModel] | None:
        if "classes" in path[:-1]:
            from netapply.model.htb import HtbClass

            return HtbClass
        return kinds().get(str(path[0])) if path else None

    @classmethod
    def file_type(cls) -> Any:
        """Any kind, told by its `kind`."""
        return union_of(kinds())


class Plain(Qdisc):
    """Without options: first in first out by priority, a queue for each of the device's own, or none at all."""

    kind: Literal["pfifo_fast", "mq", "noqueue"]


class Fq(Qdisc):
    """Fair queue with pacing, for hosts that send (tc-fq(8))."""

    kind: Literal["fq"]
    limit: Annotated[
        int | None, Field(ge=1, lt=U32, description="packets in all"), Nla("TCA_FQ_PLIMIT", default=10000)
    ] = None
    flow_limit: Annotated[
        int | None, Field(ge=1, lt=U32, description="packets of one flow"), Nla("TCA_FQ_FLOW_PLIMIT", default=100)
    ] = None
    quantum: Annotated[
        Size | None, Field(ge=1, lt=2**20, description="bytes in one turn"), Nla("TCA_FQ_QUANTUM", unit=SIZE)
    ] = None
    initial_quantum: Annotated[
        Size | None, Field(ge=1, lt=2**31, description="bytes of a new flow in its first turn"),
        Nla("TCA_FQ_INITIAL_QUANTUM", unit=SIZE),
    ] = None  # fmt: skip
    pacing: Annotated[
        bool | None,
        Nla("TCA_FQ_RATE_ENABLE", unit=SWITCH, default=True),
        Field(description="send at a flow's own pace"),
    ] = None


class FqCodel(Qdisc):
    """Fair queue with controlled delay (tc-fq_codel(8), RFC 8290)."""

    kind: Literal["fq_codel"]
    limit: Annotated[
        int | None, Field(ge=1, lt=U32, description="packets in all"), Nla("TCA_FQ_CODEL_LIMIT", default=10240)
    ] = None
    flows: Annotated[
        int | None, Field(ge=1, le=65536, description="queues"),
        Nla("TCA_FQ_CODEL_FLOWS", change=RECREATE, default=1024),
    ] = None  # fmt: skip
    target: Annotated[
        CodelTime | None, Field(ge=2, lt=2**31, description="acceptable standing delay"),
        Nla("TCA_FQ_CODEL_TARGET", unit=CODEL, default=4999),
    ] = None  # fmt: skip
    interval: Annotated[
        CodelTime | None, Field(ge=2, lt=2**31, description="in which the delay must once be less"),
        Nla("TCA_FQ_CODEL_INTERVAL", unit=CODEL, default=99999),
    ] = None  # fmt: skip
    quantum: Annotated[
        Size | None, Field(ge=256, lt=2**20, description="bytes in one turn"),
        Nla("TCA_FQ_CODEL_QUANTUM", unit=SIZE),
    ] = None  # fmt: skip
    ecn: Annotated[
        bool | None, Nla("TCA_FQ_CODEL_ECN", unit=SWITCH, default=True), Field(description="mark instead of drop")
    ] = None
    memory_limit: Annotated[
        Size | None, Field(ge=1, le=2**31, description="bytes in all"),
        Nla("TCA_FQ_CODEL_MEMORY_LIMIT", unit=SIZE, default=32 << 20),
    ] = None  # fmt: skip


class Cake(Qdisc):
    """Shaper and fair queue for a slow uplink (tc-cake(8))."""

    kind: Literal["cake"]
    bandwidth: Annotated[
        Rate | None, Nla("TCA_CAKE_BASE_RATE64", unit=RATE, default=None),
        Field(description="rate to shape to; without it, no limit"),
    ] = None  # fmt: skip
    diffserv: Annotated[
        Diffserv | None, Nla("TCA_CAKE_DIFFSERV_MODE", unit=numbered(Diffserv), default="diffserv3"),
        Field(description="priority tins"),
    ] = None  # fmt: skip
    flowmode: Annotated[
        FlowMode | None, Nla("TCA_CAKE_FLOW_MODE", unit=numbered(FlowMode), default="triple-isolate"),
        Field(description="among whom the rate is shared"),
    ] = None  # fmt: skip
    rtt: Annotated[
        Micros | None, Field(ge=1, lt=U32, description="usual round trip time"),
        Nla("TCA_CAKE_RTT", unit=TIME, default=100_000),
    ] = None  # fmt: skip
    overhead: Annotated[
        int | None, Field(ge=-64, le=256, description="bytes that the line adds to each packet"),
        Nla("TCA_CAKE_OVERHEAD", default=0),
    ] = None  # fmt: skip
    nat: Annotated[bool | None, Nla("TCA_CAKE_NAT", unit=SWITCH, default=False), Field(
        description="look behind NAT for the true hosts")] = None  # fmt: skip
    wash: Annotated[bool | None, Nla("TCA_CAKE_WASH", unit=SWITCH, default=False), Field(
        description="clear DSCP")] = None  # fmt: skip
    split_gso: Annotated[bool | None, Nla("TCA_CAKE_SPLIT_GSO", unit=SWITCH, default=True), Field(
        description="cut large packets up")] = None  # fmt: skip
    ingress: Annotated[bool | None, Nla("TCA_CAKE_INGRESS", unit=SWITCH, default=False), Field(
        description="count what is dropped, too")] = None  # fmt: skip
    ack_filter: Annotated[
        AckFilter | None, Nla("TCA_CAKE_ACK_FILTER", unit=numbered(AckFilter), default="no"),
        Field(description="drop TCP acknowledgements that others make needless"),
    ] = None  # fmt: skip


class Netem(Qdisc):
    """A bad line, for tests (tc-netem(8))."""

    kind: Literal["netem"]
    limit: Annotated[int | None, Field(ge=1, lt=U32, description="packets"), Nla("limit", default=1000)] = None
    delay: Annotated[
        Micros | None, Field(ge=0, lt=2**38, description="added to each packet"), Nla("delay", unit=TIME, default=0)
    ] = None
    jitter: Annotated[
        Micros | None, Field(ge=0, lt=2**38, description="by how much the delay varies"),
        Nla("jitter", unit=TIME, default=0),
    ] = None  # fmt: skip
    loss: Annotated[Share | None, Field(description="packets lost"), Nla("loss", unit=SHARE, default=0.0)] = None
    duplicate: Annotated[
        Share | None, Field(description="packets doubled"), Nla("duplicate", unit=SHARE, default=0.0)
    ] = None
    corrupt: Annotated[Share | None, Field(description="packets damaged"), Nla("corrupt", unit=SHARE, default=0.0)] = (
        None
    )
    rate: Annotated[Rate | None, Field(description="rate"), Nla("rate", unit=RATE, default=None)] = None


@cache
def kinds() -> dict[str, type[Qdisc]]:
    """The class by kind."""
    from netapply.model.htb import Htb
    from netapply.model.tbf import Tbf

    plain = dict.fromkeys(("pfifo_fast", "mq", "noqueue"), Plain)
    return {**plain, "fq": Fq, "fq_codel": FqCodel, "cake": Cake, "tbf": Tbf, "netem": Netem, "htb": Htb}


def union_of(names: Iterable[str]) -> Any:
    """The type of a field that holds one of several kinds, told by its `kind`."""
    models = tuple(dict.fromkeys(kinds()[name] for name in names))
    return Annotated[Union[models], Field(discriminator="kind")]  # noqa: UP007


def qdisc_table(kind: str) -> Table:
    """The options of a kind; none for one that netapply does not know."""
    model = kinds().get(kind)
    return table_of(model) if model is not None else Table()
