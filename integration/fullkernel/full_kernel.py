"""A full Debian kernel in qemu, also for tests that need a machine to lose.

    with FullKernel(image, disk=path) as machine:
        machine.run(["ip", "link"], timeout=60).output
        machine.kill()              # the power goes
        machine.start()
        machine.wait_until_up()

After the crash it is the same disk, at /persistent. Without one, nothing in a guest survives it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from integration.fullkernel.accelerator import MACHINE, accelerator
from integration.fullkernel.features import TEST_NICS
from integration.fullkernel.image import Image
from integration.fullkernel.machine import Machine
from integration.fullkernel.overlay import CHECKOUT, write_overlay

MEMORY = "3G"
DISK_BYTES = 256 << 20
# An oops ends the guest instead of leaving tests to run on a broken kernel; its end is qemu's, by -no-reboot.
# Hardware to choose by its place and to set with ethtool. On hubs of their own, so that nothing is at the other end.
NICS = tuple(
    word
    for hub, (device, place, mac) in enumerate(TEST_NICS)
    for word in (
        *("-netdev", f"hubport,id=hub{hub},hubid={hub}"),
        *("-device", f"{device},netdev=hub{hub},mac={mac},addr={place},romfile="),
    )
)
APPEND = "console=ttyS0 quiet panic=-1 oops=panic"


class FullKernel(Machine):
    """A machine that boots `image` with the checkout laid over it.

    `disk` is a file that stays from boot to boot, made and formatted when it is missing; it is at /persistent
    in the guest. Everything else is in the guest's memory and ends with it.
    """

    def __init__(self, image: Image, *, disk: Path | None = None, checkout: Path = CHECKOUT) -> None:
        super().__init__(self._qemu)
        self._image = image
        self._disk = disk
        self._checkout = checkout
        self.accelerator = accelerator(image.kernel)

    def _qemu(self, stream: int, scratch: Path) -> Sequence[str]:
        return [
            *MACHINE,
            *(*self.accelerator, "-smp", "2", "-m", MEMORY, "-serial", "stdio"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._initrd(scratch)), "-append", APPEND),
            # Not a serial port: this one has flow control, so neither side can lose what the other says.
            *("-chardev", f"socket,id=agent,fd={stream}", "-device", "virtio-serial-pci"),
            *("-device", "virtserialport,chardev=agent,name=agent"),
            *NICS,
            *self._drive(),
        ]

    def _initrd(self, scratch: Path) -> Path:
        path = scratch / "initrd"
        shutil.copyfile(self._image.root, path)
        with path.open("ab") as stream:
            write_overlay(stream, self._image.python, self._checkout)
        return path

    def _drive(self) -> Sequence[str]:
        if self._disk is None:
            return ()
        if not self._disk.exists():
            with self._disk.open("wb") as stream:
                stream.truncate(DISK_BYTES)
        # Like a real disk: what the guest flushed is safe when it ends, and what it had not flushed is not.
        drive = f"file={self._disk},format=raw,if=none,id=persistent,cache=writeback"
        return ("-drive", drive, "-device", "virtio-blk-pci,drive=persistent")
