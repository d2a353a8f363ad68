"""What the full kernel's root file system is made of, and how it is packed.

Debian's essential packages, a kernel, the network tools that the tests call, and the tests' Python
dependencies with the pins of requirements/. Everything comes from this machine's own apt sources and pip
configuration.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from integration.fullkernel.apt_sources import AptSources
from integration.fullkernel.cpio import Archive
from integration.fullkernel.errors import FullKernelError

PACKAGES = (
    "linux-image-cloud-amd64",  # every networking module, no drivers for hardware: 90 MB, not 400
    *("kmod", "mount", "procps", "e2fsprogs"),
    *("iproute2", "iptables", "nftables", "ethtool", "iputils-ping", "tcpdump"),
    "wireguard-tools",
    "python3",
)
# Never looked at in a guest. What is packed is copied twice into memory at boot, on an emulated CPU.
LEFT_OUT = (
    *("boot", "usr/share/perl", "usr/lib/udev", "var/cache", "var/lib/apt"),
    *("usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/gconv"),
)
MODULES_LEFT_OUT = (
    *("drivers/md", "drivers/scsi", "drivers/infiniband", "drivers/target", "drivers/hid", "drivers/comedi"),
    *("drivers/xen", "drivers/nvme", "fs/btrfs", "fs/ceph", "fs/nfs", "fs/nfsd", "fs/smb", "fs/xfs"),
)
PYTHON_PACKAGES = "opt/packages"
ISOLATED = (
    *("setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("--mount", "--propagation=private"),
)
LONGEST_STEP = 1800  # seconds; a slow mirror, not a hung one
LONGEST_LINE = 300  # of what is quoted in an error
COMMANDS = {"mmdebstrap": "mmdebstrap", "qemu-system-x86_64": "qemu-system-x86", "unshare": "util-linux"}


def bootstrap(root: Path, sources: AptSources, log: TextIO) -> None:
    """Debian's packages into `root`.

    In namespaces of its own: when it ends, or we are killed, none of its programs and mounts stays in `root`.
    """
    listing = root.with_name("apt.sources")
    listing.write_text(sources.text)
    _step(
        "mmdebstrap",
        [
            *ISOLATED,
            *("mmdebstrap", "--mode=root", "--variant=essential", "--format=directory"),
            '--aptopt=APT::Sandbox::User "root"',  # its own user cannot enter another user's cache
            f"--include={','.join(PACKAGES)}",
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")),
            *(f"--aptopt={option}" for option in sources.options),
            *(sources.suite, str(root), str(listing)),
        ],
        log,
        {"INITRD": "No"},  # /etc/kernel/postinst.d/initramfs-tools: this root itself is the initramfs
    )


def add_python_packages(root: Path, requirements: Sequence[Path], log: TextIO) -> None:
    """The pinned wheels for the guest's Python, which may be another than ours, compiled by that one."""
    version, packages = python_version(root), root / PYTHON_PACKAGES
    _step(
        "pip",
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
            *("--root-user-action=ignore", f"--target={packages}", f"--python-version={version}"),
            # Complete pins, so nothing is resolved: pip would resolve for our Python, not the guest's.
            *("--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile"),
            *(f"--requirement={path}" for path in requirements),
        ],
        log,
    )
    _step("chroot", ["chroot", str(root), "python3", "-m", "compileall", "-q", f"/{PYTHON_PACKAGES}"], log)


def python_version(root: Path) -> str:
    """The version of a root's python3, as in "3.11"."""
    return (root / "usr/bin/python3").readlink().name.removeprefix("python")


def kernel(root: Path) -> Path:
    """The installed kernel, boot/vmlinuz-RELEASE."""
    found = sorted((root / "boot").glob("vmlinuz-*"))
    if not found:
        raise FullKernelError("cannot build the full kernel image: no kernel was installed into its /boot")
    return found[-1]


def pack(root: Path, target: Path) -> None:
    """`root` as one archive for the kernel. Uncompressed: an emulated CPU decompresses slowly."""
    with target.open("wb") as stream:
        archive = Archive(stream)
        for path in _kept(root, _left_out(root)):
            archive.add(path, str(path.relative_to(root)))
        archive.finish()


def _left_out(root: Path) -> frozenset[Path]:
    trees = [tree / "kernel" for tree in (root / "usr/lib/modules").glob("*")]
    modules = (tree / name for tree in trees for name in MODULES_LEFT_OUT)
    return frozenset((*(root / name for name in LEFT_OUT), *modules))


def _kept(directory: Path, left_out: frozenset[Path]) -> Iterator[Path]:
    """Everything below, each directory before what is in it. Sockets are left from installing."""
    for path in sorted(directory.iterdir()):
        if path in left_out or path.is_socket():
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _kept(path, left_out)


def _step(name: str, command: Sequence[str], log: TextIO, environment: dict[str, str] | None = None) -> None:
    """Run one step, its output into the log. Raises FullKernelError with the end of that output."""
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    start = log.tell()
    settings = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(environment or {})}
    settings["PATH"] += ":/usr/sbin:/sbin"
    ended = _run(command, log, settings)
    if ended:
        said = Path(log.name).read_bytes()[start:].decode(errors="replace").splitlines()
        tail = "\n".join(f"    {line[:LONGEST_LINE]}" for line in said[-25:])
        raise FullKernelError(f"cannot build the full kernel image: {name} {ended}:\n{tail}")


def _run(command: Sequence[str], log: TextIO, settings: dict[str, str]) -> str:
    """How the command ended; empty if well."""
    try:
        done = subprocess.run(
            command,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=LONGEST_STEP,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"was not done after {LONGEST_STEP} s"
    except OSError as error:
        return f"cannot be run: {error}"
    return f"ended with status {done.returncode}" if done.returncode else ""
