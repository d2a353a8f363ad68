"""A network in network namespaces: hosts, cables, guests, and pings that tell whether it works.

    from netapply.lab import Lab, capture, ping

    with Lab("demo") as lab:                                  # needs root; removes everything at the end
        pve1, outside = lab.host("pve1"), lab.host("outside")
        lab.cable(pve1, "eno1", outside, "eth0")
        guest = lab.guest(pve1, "tap100i0", address="10.10.10.5/24", gateway="10.10.10.1")
        pve1.run(["ip", "address"])                           # or: netapply apply --netns demo-pve1 …
        with capture.frames(outside, "eth0") as seen:
            reply = ping.icmp(guest, "10.10.10.1")

topology builds; host runs and changes; ping asks; capture and traffic watch. Scapy is imported when the
first packet is built, not here.
"""

from __future__ import annotations

from netapply.errors import LabError
from netapply.lab import capture, ping, traffic
from netapply.lab.host import Guest, Host
from netapply.lab.tags import Tag
from netapply.lab.topology import Lab

__all__ = ["Guest", "Host", "Lab", "LabError", "Tag", "capture", "ping", "traffic"]
