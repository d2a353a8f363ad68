"""One pytest session over two machines: whatever happens in the guest, every test gets its outcome here."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.fullkernel.nested_session import NOT_BOOTING, is_gone, session, until


def test_one_report_for_both(tmp_path: Path) -> None:
    seen = session(
        tmp_path,
        """
def test_here():
    assert "FULL_KERNEL_WANTED" not in os.environ

@pytest.mark.kernel("vrf")
@pytest.mark.parametrize("text", ["a b", "x[1]::y", "\\u00e9"])
def test_there(text):
    assert "FULL_KERNEL_WANTED" in os.environ

class TestGroup:
    @pytest.mark.kernel("vrf")
    def test_method(self): pass

@pytest.mark.kernel("vrf")
def test_fails():
    print("what it printed")
    time.sleep(0.2)
    count = 1
    assert count == 2

@pytest.fixture
def broken():
    yield
    raise RuntimeError("in the teardown")

@pytest.mark.kernel("vrf")
def test_teardown(broken): pass

def test_last_here(): pass
""",
        "--durations=1",
    )

    assert seen.status == pytest.ExitCode.TESTS_FAILED
    assert list(seen.outcomes.values()) == [*["passed"] * 6, "failure", "error"]
    assert list(seen.outcomes)[:2] == ["test_here", "test_last_here"]
    assert "this kernel lacks vrf: 6 of 8 tests run in a full one" in seen.text
    assert "test_sample.py:21: AssertionError" in seen.text
    assert "assert 1 == 2" in seen.text
    assert "what it printed" in seen.text
    assert "RuntimeError: in the teardown" in seen.text
    assert "0.20s call     test_sample.py::test_fails" in seen.text
    assert "1 failed, 7 passed, 1 error" in seen.text


def test_a_crash_fails_what_ran_and_what_had_not_begun(tmp_path: Path) -> None:
    seen = session(
        tmp_path,
        """
pytestmark = pytest.mark.kernel("vrf")
def test_before(): pass
def test_that_crashes():
    os.kill(os.getppid(), 9)
    time.sleep(60)
def test_after_1(): pass
def test_after_2(): pass
""",
        command="""["sh", "-c", 'echo "Oops: the last line"; exec "$@"', "sh", *AGENT, str(stream)]""",
    )

    assert seen.outcomes == {
        "test_before": "passed",
        "test_that_crashes": "failure",
        "test_after_1": "failure",
        "test_after_2": "failure",
    }
    gone = "the full kernel is gone: its process ended with status -9;"
    assert f"{gone} this test was running" in seen.text
    assert seen.text.count(f"{gone} this test had not begun\n") == 2
    assert seen.text.count("Oops: the last line") == 3


def test_a_hang_ends_in_failures(tmp_path: Path) -> None:
    source = 'pytestmark = pytest.mark.kernel("vrf")\ndef test_hangs(): time.sleep(600)\ndef test_after(): pass\n'

    seen = session(tmp_path, source, silence=2)

    assert seen.outcomes == {"test_hangs": "failure", "test_after": "failure"}
    assert "the full kernel said nothing for 2 s; this test was running" in seen.text


def test_the_whole_takes_no_longer_than_allowed(tmp_path: Path) -> None:
    source = 'pytestmark = pytest.mark.kernel("vrf")\n@pytest.mark.parametrize("n", range(40))\n'

    seen = session(tmp_path, source + "def test_slow(n): time.sleep(0.2)\n", whole=2)

    assert "the full kernel was not done after 2 s; this test had not begun" in seen.text
    assert set(seen.outcomes.values()) == {"passed", "failure"}
    assert len(seen.outcomes) == 40


@pytest.mark.parametrize(
    ("command", "boot", "reason"),
    [
        (NOT_BOOTING, 1, "the full kernel did not boot within 1 s"),
        (
            '["sh", "-c", "echo [0.1] Kernel panic - not syncing: VFS"]',
            30,
            "the full kernel is gone: it panicked: VFS",
        ),
        (
            '(_ for _ in ()).throw(FullKernelError("cannot build it: no network"))',
            30,
            "cannot build it: no network",
        ),
    ],
)
def test_a_guest_that_never_comes_fails_its_tests_only(tmp_path: Path, command: str, boot: float, reason: str) -> None:
    source = 'def test_here(): pass\n@pytest.mark.kernel("vrf")\ndef test_there(): pass\n'

    seen = session(tmp_path, source, command=command, boot=boot)

    assert seen.outcomes == {"test_here": "passed", "test_there": "failure"}
    assert f"{reason}; this test had not begun" in seen.text


def test_a_skip_in_the_guest_is_a_failure(tmp_path: Path) -> None:
    source = '@pytest.mark.kernel("vrf")\ndef test_skips(): pytest.skip("no such device")\n'

    seen = session(tmp_path, source)

    assert seen.outcomes == {"test_skips": "failure"}
    assert "skipped in the full kernel, but it runs nowhere else: Skipped: no such device" in seen.text


def test_a_file_that_only_the_guest_cannot_import(tmp_path: Path) -> None:
    source = """
pytestmark = pytest.mark.kernel("vrf")
if "FULL_KERNEL_WANTED" in os.environ:
    raise RuntimeError("no such library in the guest")
def test_there(): pass
"""
    seen = session(tmp_path, source)

    assert seen.outcomes == {"test_there": "failure"}
    assert "RuntimeError: no such library in the guest" in seen.text


def test_a_guest_whose_pytest_ends_early(tmp_path: Path) -> None:
    source = 'pytestmark = pytest.mark.kernel("vrf")\ndef test_exits(): os._exit(3)\ndef test_after(): pass\n'

    seen = session(tmp_path, source)

    assert seen.outcomes == {"test_exits": "failure", "test_after": "failure"}
    assert "the full kernel's pytest ended with status 3; this test was running" in seen.text


def test_the_first_failure_ends_it_when_asked(tmp_path: Path) -> None:
    source = 'pytestmark = pytest.mark.kernel("vrf")\ndef test_fails(): assert 0\ndef test_after(): pass\n'

    seen = session(tmp_path, source, "-x")

    assert seen.outcomes == {"test_fails": "failure"}
    assert "stopping after 1 failures" in seen.text


def test_nothing_is_started_for_a_collection_or_for_nothing(tmp_path: Path) -> None:
    source = 'def test_here(): pass\n@pytest.mark.kernel("vrf")\ndef test_there(): pass\n'

    assert "building" not in session(tmp_path, source, "--collect-only").text
    assert "building" not in session(tmp_path, source, "-k", "not there").text


def test_control_c_ends_both(tmp_path: Path) -> None:
    source = """
@pytest.mark.kernel("vrf")
def test_there(tmp_path):
    open("pid", "w").write(str(os.getpid()))
    open("reached", "w").close()
    time.sleep(600)
"""
    seen = session(tmp_path, source, interrupt=True)

    assert seen.status == pytest.ExitCode.INTERRUPTED
    until(lambda: is_gone((tmp_path / "pid").read_text()))


def test_a_misspelt_feature_stops_the_collection(tmp_path: Path) -> None:
    source = 'pytestmark = pytest.mark.kernel("vrv")\ndef test_a(): pass\ndef test_b(): pass\n'

    seen = session(tmp_path, source)

    assert seen.status == pytest.ExitCode.USAGE_ERROR
    assert "test_sample.py::test_a (and 1 more tests): unknown kernel feature 'vrv'; did you mean 'vrf'?" in seen.text
