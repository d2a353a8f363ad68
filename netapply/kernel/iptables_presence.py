"""Whether netapply can have rules of netfilter here at all: told without running a program, and changing nothing.

The legacy variant's tables of a namespace stand in /proc/net/ip_tables_names as soon as somebody used one.
The nft variant's rules are in nf_tables: a dump of each table that netapply writes to costs about ten
microseconds each where they are empty, and holds our mark as plain bytes where a rule of ours is in it.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from netapply.errors import KernelError, PrivilegeError
from netapply.kernel.wire import message as m
from netapply.model.netfilter import OWN_TABLE

MARK: Final = "netapply: "
"""How the comment of each of netapply's rules begins."""
TABLES: Final = ("nat", "raw", "filter")
"""The tables of iptables in which netapply has rules."""
NAMES: Final = {
    "inet": Path("/proc/thread-self/net/ip_tables_names"),
    "inet6": Path("/proc/thread-self/net/ip6_tables_names"),
}
MODULES: Final = Path("/proc/modules")
NF_TABLES: Final = Path("/sys/module/nf_tables")
BUILTIN: Final = Path("/lib/modules", os.uname().release, "modules.builtin")
FAMILIES: Final = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
NETLINK_NETFILTER: Final = 12
NFT_MSG_GETRULE: Final = 10 << 8 | 7
"""Subsystem NFNL_SUBSYS_NFTABLES and its message (linux/netfilter/nf_tables.h)."""
NFTA_RULE_TABLE: Final = 1
NONE_THERE: Final = (errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP, errno.EAFNOSUPPORT)
"""Answers of a kernel without nf_tables, or without it for this family (nfnetlink_rcv_msg)."""
DATAGRAM: Final = 1 << 18


def possible() -> bool:
    """Whether there can be rules of ours, of any family and variant. Errors: PrivilegeError, KernelError."""
    marked = any(marked_tables(inet, (*TABLES, OWN_TABLE)) for inet in FAMILIES)
    return marked or any(not legacy_tables(inet).isdisjoint(TABLES) for inet in FAMILIES)


def legacy_tables(inet: str) -> set[str]:
    """Tables of the legacy variant that somebody has used in this namespace."""
    try:
        return set(NAMES[inet].read_text().split())
    except FileNotFoundError:
        return set()
    except PermissionError as error:
        raise _not_root(error) from None


def marked_tables(inet: str, tables: Iterable[str] = TABLES) -> set[str]:
    """Tables of nf_tables in which a rule carries netapply's mark."""
    if _not_loaded():
        return set()
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER) as link:
            link.settimeout(60)
            return {table for table in tables if _holds_mark(link, FAMILIES[inet], table)}
    except PermissionError as error:
        raise _not_root(error) from None
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, *NONE_THERE):
            return set()
        raise KernelError("look for NAT rules in nf_tables", error.errno or errno.EIO) from None


def _not_root(error: OSError) -> PrivilegeError:
    return PrivilegeError(f"cannot read NAT rules: {error.strerror}; run as root (CAP_NET_ADMIN)")


def _not_loaded() -> bool:
    """Whether nf_tables is a module that nobody has loaded: asking it anything would load it."""
    if not MODULES.exists() or NF_TABLES.exists():
        return False
    try:
        return "/nf_tables.ko" not in BUILTIN.read_text()
    except OSError:
        return False


def _holds_mark(link: socket.socket, family: int, table: str) -> bool:
    """Dump the rules of a table; a dump that raced with a change counts as one that holds a mark."""
    body = struct.pack("=BBH", family, 0, 0) + m.attribute(NFTA_RULE_TABLE, table.encode() + b"\0")
    flags = m.NLM_F_REQUEST | m.NLM_F_DUMP
    link.send(m.HEADER.pack(m.HEADER.size + len(body), NFT_MSG_GETRULE, flags, 0, 0) + body)
    found, last, mark = False, False, MARK.encode()
    while not last:
        data = link.recv(DATAGRAM)
        last, raced = _ending(data)
        found = found or raced or mark in data
    return found


def _ending(data: bytes) -> tuple[bool, bool]:
    """Whether the dump ends in this datagram, and whether it is inconsistent. OSError: the kernel refuses."""
    start, raced = 0, False
    while start + m.HEADER.size <= len(data):
        size, kind, flags, _, _ = m.HEADER.unpack_from(data, start)
        raced = raced or bool(flags & m.NLM_F_DUMP_INTR)
        if kind == m.NLMSG_DONE:
            return True, raced
        if kind == m.NLMSG_ERROR:
            code = -struct.unpack_from("=i", data, start + m.HEADER.size)[0]
            raise OSError(code, os.strerror(code))
        start += (size + 3) & ~3
    return False, raced
