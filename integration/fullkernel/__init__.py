"""A full Debian kernel in qemu, for the tests whose features the machine's own kernel lacks.

    features     a feature's name → a try in a throw-away namespace
    apt_sources  the machine's own Debian mirrors, read from its apt configuration
    recipe       what goes into the root file system
    image        the packed root file system and its kernel, built once and cached
    cpio         the archive format that a kernel unpacks into its first file system
    overlay      the second archive: this checkout, and what starts it
    accelerator  whether this machine's KVM really runs a kernel
    transport    JSON lines over a byte stream
    machine      a started computer that answers on such a stream; full_kernel: the one in qemu
    guest_init, guest_agent, guest_plugin     the parts that run inside
    relay        the guest's reports become reports of this pytest session
    nested_session   all of this without qemu, for its own tests
    plugin       who runs where; the pytest hooks

A test names what it needs: `@pytest.mark.kernel("bonding", "vrf")`. Everything else happens by itself.
"""
