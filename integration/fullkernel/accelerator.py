"""Whether this machine's KVM really runs a kernel.

/dev/kvm that opens proves little: inside another virtual machine it may refuse the CPU, or accept it and
hang. So the kernel that is to be booted is booted once without a root file system, which takes a second where
KVM works: it must come as far as its panic about the missing root.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MACHINE = (
    "qemu-system-x86_64",
    "-M",
    "q35",
    "-cpu",
    "max",
    "-nographic",
    "-nodefaults",
    "-no-reboot",
    "-nic",
    "none",
)
EMULATION = "tcg,thread=multi"
LONGEST_TRY = 10.0  # seconds
PROOF = b"Kernel panic - not syncing: VFS"


def accelerator(kernel: Path) -> str:
    """qemu's `-accel`: "kvm" where it works, else emulation."""
    return "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) and _boots(kernel, "kvm") else EMULATION


def _boots(kernel: Path, accel: str) -> bool:
    command = [*MACHINE, "-accel", accel, "-m", "512M", "-serial", "stdio", "-kernel", str(kernel)]
    command += ["-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_TRY,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and PROOF in done.stdout
