"""Lab hosts on the real kernel: running programs, serving TCP, and leaving nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netapply.lab import Host, Lab, LabError, namespace, ping, record


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


def namespaces_of(name: str) -> list[str]:
    return sorted(path.name for path in namespace.DIRECTORY.glob(f"{name}-*"))


def own_namespace() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def raise_value_error() -> None:
    raise ValueError("from inside")


def fail_inside(lab: Lab, end: type[BaseException]) -> None:
    with lab:
        lab.cable(lab.host("near"), "eno1", lab.host("far"), "eth0")
        assert len(namespaces_of(lab.name)) == 2
        raise end


class TestHost:
    def test_a_program_runs_in_the_namespace_and_sees_its_sys(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0", mtu=9000, mac="02:00:00:00:00:01", right_mac="02:00:00:00:00:02")
        shown = near.run(["cat", "/sys/class/net/eno1/mtu", "/sys/class/net/eno1/address"])
        assert shown.stdout.split() == ["9000", "02:00:00:00:00:01"]
        assert (far.mac("eth0"), far.interfaces()) == ("02:00:00:00:00:02", ("lo", "eth0"))

    def test_a_cable_may_be_laid_without_switching_it_on(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0", up=False)
        assert "state DOWN" in near.run(["ip", "link", "show", "eno1"]).stdout
        near.set_link("eno1", up=True)
        assert "NO-CARRIER" in near.run(["ip", "link", "show", "eno1"]).stdout

    def test_input_output_and_exit_status_come_back(self, lab: Lab) -> None:
        alone = lab.host("alone")
        done = alone.run(["sh", "-c", "cat; echo no >&2; exit 3"], stdin="yes", check=False)
        assert (done.stdout, done.stderr, done.returncode) == ("yes", "no\n", 3)
        with pytest.raises(LabError, match=r"cannot run false in .*: exit status 1: it said nothing"):
            alone.run(["false"])

    def test_a_program_that_hangs_is_killed_with_its_children(self, lab: Lab, tmp_path: Path) -> None:
        alone, sign = lab.host("alone"), tmp_path / "alive"
        begun = time.monotonic()
        with pytest.raises(LabError, match=r"cannot finish sh .* no end after 0\.1 s"):
            alone.run(["sh", "-c", f"(sleep 0.4; touch {sign}) & sleep 9"], timeout=0.1)
        assert time.monotonic() - begun < 5
        time.sleep(0.5)
        assert not sign.exists()

    def test_what_ip_refuses_can_be_repeated_by_hand(self, lab: Lab) -> None:
        alone = lab.host("alone")
        with pytest.raises(LabError) as refused:
            alone.add_address("10.0.0.1/24", "eth9")
        assert str(refused.value) == (
            f'cannot add address 10.0.0.1/24 to eth9 in {alone.netns}: Cannot find device "eth9" '
            f"(ip -n {alone.netns} address add 10.0.0.1/24 dev eth9)"
        )

    def test_ipv6_needs_no_waiting(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0")
        near.add_address("2001:db8::1/64", "eno1")
        assert "tentative" not in near.run(["ip", "-6", "address", "show", "dev", "eno1"]).stdout

    def test_a_listener_tells_whom_it_saw(self, lab: Lab) -> None:
        near, router, far = lab.host("near"), lab.host("router", forward=True), lab.host("far")
        lab.cable(near, "eno1", router, "eth0")
        lab.cable(router, "eth1", far, "eno1")
        for address, end, interface in (
            ("10.0.0.2/24", near, "eno1"),
            ("10.0.0.1/24", router, "eth0"),
            ("192.0.2.1/24", router, "eth1"),
            ("192.0.2.9/24", far, "eno1"),
        ):
            end.add_address(address, interface)
        near.add_route("default", via="10.0.0.1")
        router.run(["iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-o", "eth1", "-j", "MASQUERADE"])
        with far.listen_tcp(0, banner="far") as listener:
            answer = near.ask_tcp("192.0.2.9", listener.port)
        assert (answer.banner, answer.peer_address) == ("far", "192.0.2.1")
        assert listener.peers == ["192.0.2.1"]
        with pytest.raises(LabError, match=r"cannot ask 192\.0\.2\.9 .*Connection refused"):
            near.ask_tcp("192.0.2.9", listener.port)

    def test_a_port_in_use_is_refused(self, lab: Lab) -> None:
        alone = lab.host("alone")
        with alone.listen_tcp(80), pytest.raises(LabError, match=r"cannot listen on 0\.0\.0\.0 port 80"):
            alone.listen_tcp(80).__enter__()


class TestNamespace:
    def test_nobody_is_left_in_another_namespace(self, lab: Lab) -> None:
        alone, before = lab.host("alone"), own_namespace()
        assert namespace.call_in(alone.netns, own_namespace) != before
        with pytest.raises(ValueError, match="from inside"):
            namespace.call_in(alone.netns, raise_value_error)
        assert own_namespace() == before

    def test_a_namespace_that_is_not_there_is_named(self) -> None:
        with pytest.raises(LabError, match="cannot enter network namespace nowhere: it is not there"):
            namespace.call_in("nowhere", own_namespace)


class TestCleanup:
    @pytest.mark.parametrize("end", [ZeroDivisionError, KeyboardInterrupt])
    def test_everything_goes_after_a_failure_or_ctrl_c(self, end: type[BaseException]) -> None:
        lab = Lab()
        with pytest.raises(end):
            fail_inside(lab, end)
        assert namespaces_of(lab.name) == []
        assert not (record.DIRECTORY / lab.name).exists()

    def test_what_cannot_be_removed_is_said_and_does_not_keep_the_rest(self) -> None:
        lab = Lab()
        stuck = namespace.DIRECTORY / f"{lab.name}-stuck"
        lab.__enter__()
        lab.host("near")
        subprocess.run(["ip", "netns", "delete", lab.host("stuck").netns], check=True)
        stuck.mkdir()  # not a namespace: `ip netns delete` cannot remove it
        with pytest.raises(LabError, match=f"^cannot remove network namespace {stuck.name}: "):
            lab.__exit__(None, None, None)
        assert namespaces_of(lab.name) == [stuck.name]
        stuck.rmdir()
        with Lab(lab.name):
            assert namespaces_of(lab.name) == []

    def test_cables_go_even_where_something_holds_the_namespace(self) -> None:
        with Lab() as lab:
            near, far = lab.host("near"), lab.host("far")
            lab.cable(near, "eno1", far, "eth0")
            shell = subprocess.Popen(
                ["ip", "netns", "exec", near.netns, "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
            until = time.monotonic() + 2
            while (inside := Path(f"/proc/{shell.pid}/net/dev").read_text()).count("eno1") == 0:
                assert time.monotonic() < until, inside
        try:
            assert "eno1" not in Path(f"/proc/{shell.pid}/net/dev").read_text()
        finally:
            shell.communicate(timeout=2)

    def test_a_namespace_that_is_already_gone_is_no_failure(self) -> None:
        with Lab() as lab:
            subprocess.run(["ip", "netns", "delete", lab.host("near").netns], check=True)
        assert not (record.DIRECTORY / lab.name).exists()

    def test_a_foreign_namespace_is_neither_taken_over_nor_removed(self) -> None:
        name = f"lab{os.urandom(3).hex()}"
        netns = f"{name}-foreign"
        subprocess.run(["ip", "netns", "add", netns], check=True)
        try:
            with (
                Lab(name, replace=True) as lab,
                pytest.raises(LabError, match=f"cannot make host foreign: .*ip netns delete {netns}"),
            ):
                lab.host("foreign")
            assert namespaces_of(name) == [netns]
        finally:
            subprocess.run(["ip", "netns", "delete", netns], check=True)

    def test_a_living_lab_keeps_its_name(self, lab: Lab) -> None:
        with (
            pytest.raises(LabError, match=f"process {os.getpid()} is using that name"),
            Lab(lab.name, replace=True),
        ):
            pass
        assert lab.host("still").run(["true"]).returncode == 0

    def test_a_killed_lab_is_refused_then_replaced(self) -> None:
        name = f"crash{os.urandom(3).hex()}"
        script = (
            "import os, signal; from netapply.lab import Lab\n"
            f"with Lab({name!r}) as lab:\n"
            "    lab.cable(lab.host('near'), 'eno1', lab.host('far'), 'eth0')\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == -9
        assert namespaces_of(name) == [f"{name}-far", f"{name}-near"]
        with pytest.raises(LabError, match=f"left {name}-near, {name}-far; .*replace=True"), Lab(name):
            pass
        with Lab(name, replace=True) as lab:
            assert namespaces_of(name) == []
            assert isinstance(lab.host("near"), Host)
        assert namespaces_of(name) == []

    def test_a_user_without_root_is_told_so(self) -> None:
        os.seteuid(65534)
        try:
            with pytest.raises(LabError, match=r"cannot build lab demo: .* need root"), Lab("demo"):
                pass
        finally:
            os.seteuid(0)

    def test_building_and_removing_is_quick(self) -> None:
        begun = time.monotonic()
        with Lab() as lab:
            pve1 = lab.host("pve1")
            for number in range(5):
                guest = lab.guest(pve1, f"tap{number}", address=f"10.0.{number}.2/24")
                pve1.add_address(f"10.0.{number}.1/24", f"tap{number}")
                assert ping.arp(guest, "eth0", f"10.0.{number}.1")
        assert time.monotonic() - begun < 5
