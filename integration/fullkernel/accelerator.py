"""Whether this machine's KVM really runs a kernel.

/dev/kvm that opens proves little: inside another virtual machine it may refuse the CPU, or accept it and
hang. So the kernel that is to be booted is booted once without a root file system, which takes a second where
KVM works: it must come as far as its panic about the missing root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

MACHINE = ("qemu-system-x86_64", "-M", "q35", "-nographic", "-nodefaults", "-no-reboot", "-nic", "none")
KVM = ("-accel", "kvm", "-cpu", "max")
# Without cmpxchg16b: as qemu 7.2 emulates it, it may leave part of a pointer in the flags. Linux 6.12, whose
# allocator uses it all the time, panics within minutes; without it, Linux takes another way.
EMULATION = ("-accel", "tcg,thread=multi", "-cpu", "max,-cx16")
LONGEST_TRY = 10.0  # seconds
PROOF = b"Kernel panic - not syncing: VFS"


def accelerator(kernel: Path) -> Sequence[str]:
    """qemu's options for the fastest CPU that works here."""
    return KVM if os.access("/dev/kvm", os.R_OK | os.W_OK) and _boots(kernel, KVM) else EMULATION


def _boots(kernel: Path, options: Sequence[str]) -> bool:
    command = [*MACHINE, *options, "-m", "512M", "-serial", "stdio", "-kernel", str(kernel)]
    command += ["-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST_TRY, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and PROOF in done.stdout
