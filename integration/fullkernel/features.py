"""A kernel feature's name → a real try of it, in a network namespace that ends with the try.

Reading a configuration or `modprobe -n` would be a guess: a module may be blacklisted, refused by lockdown,
or the kernel may accept an attribute and do nothing (6.18 built without VLAN filtering does). So each feature
is used once. To add a feature, add a line to FEATURES.
"""

from __future__ import annotations

import difflib
import functools
import socket
import struct
import subprocess
from collections.abc import Callable, Iterable

from integration.fullkernel.errors import FullKernelError

Probe = Callable[[], bool]
APART = ("unshare", "--net", "--")
LONGEST_TRY = 60  # seconds; an emulated CPU that loads a module for it needs one or two
NOT_FOUND = 127  # what unshare ends with when there is no such command
CABLE = "link add lower type veth peer name upper"
NETLINK_GENERIC, GENL_ID_CTRL, NLM_F_REQUEST, NLMSG_ERROR = 16, 16, 1, 2  # linux/netlink.h, linux/genetlink.h
MPLS = (
    "ip link add probe type veth peer name far && ip addr add 192.0.2.1/24 dev probe && ip link set probe up &&"
    " ip route add 198.51.100.0/24 encap mpls 100 via 192.0.2.2"
)
ENDS = "local 192.0.2.1 remote 192.0.2.2"
ENDS6 = "local 2001:db8::1 remote 2001:db8::2"


def _runs(*command: str, given: str = "", shows: str = "") -> bool:
    try:
        done = subprocess.run(
            [*APART, *command], input=given, capture_output=True, text=True, timeout=LONGEST_TRY, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and shows in done.stdout


def _link(*lines: str, shows: str = "") -> Probe:
    """`ip` lines that must all succeed; `ip -d -j link show` of the device they make must contain `shows`."""
    script = "\n".join((*lines, "link show dev probe", ""))
    return lambda: _runs("ip", "-d", "-j", "-batch", "-", given=script, shows=shows)


def _kind(kind: str, *more: str) -> Probe:
    """A device of this kind that needs nothing below it."""
    return _link(" ".join(("link add probe type", kind, *more)), shows=f'"{kind}"')


def _upper(kind: str, *more: str) -> Probe:
    """A device of this kind on top of another one."""
    return _link(CABLE, " ".join(("link add link lower name probe type", kind, *more)), shows=f'"{kind}"')


def _command(*command: str) -> Probe:
    """A command that must succeed; where it is not installed, the full kernel has it."""
    return lambda: _runs(*command)


def _openvswitch() -> bool:
    """Its devices are made over generic netlink only, so what can be asked is whether its family answers.

    The question loads the module: nlmsghdr, genlmsghdr with CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME.
    """
    name = b"ovs_datapath\0\0\0\0"
    attribute = struct.pack("=HH", 4 + len("ovs_datapath") + 1, 2) + name
    request = struct.pack("=IHHIIBBH", 20 + len(attribute), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0, 3, 1, 0) + attribute
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as control:
        control.settimeout(LONGEST_TRY)
        control.send(request)
        return bool(struct.unpack_from("=IH", control.recv(1 << 16))[1] != NLMSG_ERROR)


FEATURES: dict[str, Probe] = {
    "8021q": _upper("vlan", "id 5"),
    "bonding": _kind("bond"),
    "bridge": _kind("bridge"),
    "dummy": _kind("dummy"),
    "fou": _command("modprobe", "--quiet", "--all", "fou", "fou6"),
    "geneve": _kind("geneve", "id 5 remote 192.0.2.2"),
    "gre": _kind("gre", ENDS),
    "gretap": _kind("gretap", ENDS),
    "ifb": _kind("ifb"),
    "ip6gre": _kind("ip6gre", ENDS6),
    "ip6tnl": _kind("ip6tnl", ENDS6),
    "ipip": _kind("ipip", ENDS),
    "iptables-legacy": _command("iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"),
    "ipvlan": _upper("ipvlan"),
    "macsec": _upper("macsec"),
    "macvlan": _upper("macvlan"),
    "macvtap": _upper("macvtap"),
    "mpls": _command("sh", "-c", MPLS),
    "nft": _command("nft", "add table inet probe; add chain inet probe c { type filter hook input priority 0; }"),
    "openvswitch": _openvswitch,
    "sit": _kind("sit", ENDS),
    "tun": _link("tuntap add dev probe mode tap", shows='"tun"'),
    "veth": _kind("veth"),
    "vlan_filtering": _link("link add probe type bridge vlan_filtering 1", shows='"vlan_filtering":1'),
    "vrf": _kind("vrf", "table 5"),
    "vti": _kind("vti", ENDS, "key 5"),
    "vti6": _kind("vti6", ENDS6, "key 5"),
    "vxlan": _kind("vxlan", "id 5 dstport 4789"),
    "wireguard": _kind("wireguard"),
    "xfrm": _kind("xfrm", "if_id 5"),
}


@functools.cache
def has(feature: str) -> bool:
    """Whether the running kernel does this. Raises FullKernelError where nothing can be tried."""
    _require_namespaces()
    return FEATURES[feature]()


def lacking(features: Iterable[str]) -> tuple[str, ...]:
    """Those of the features that the running kernel does not have."""
    return tuple(name for name in features if not has(name))


def unknown(feature: str) -> str | None:
    """What is wrong with a feature's name, or None."""
    if feature in FEATURES:
        return None
    near = difflib.get_close_matches(feature, FEATURES, n=1, cutoff=0.4)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(FEATURES)}"
    return f"unknown kernel feature {feature!r}; {advice}"


@functools.cache
def _require_namespaces() -> None:
    try:
        done = subprocess.run([*APART, "ip", "link"], capture_output=True, text=True, timeout=LONGEST_TRY, check=False)
    except OSError as error:
        raise FullKernelError(f"cannot try what this kernel can do: {error}; install util-linux") from error
    if done.returncode != 0:
        rootless = "run the integration tests as root (in a container: a privileged one)"
        advice = "install iproute2" if done.returncode == NOT_FOUND else rootless
        raise FullKernelError(f"cannot try what this kernel can do: {done.stderr.strip()}; {advice}")
