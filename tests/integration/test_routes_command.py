"""`banyan` and `banyan routes` as their users run them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from tools import CHECKOUT, Program, eventually, free_port, running_backplane

from banyan.cli.main import VERBS, main

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
SEED = CHECKOUT / "routing_specs" / "seed_sample.csv"


def banyan(*arguments, **options):
    command = [sys.executable, "-m", "banyan", *map(str, arguments)]
    return subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=False, **options
    )


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `banyan` in this process: (status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["banyan", *map(str, arguments)])
        status = main()
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def spec(tmp_path):
    """Write a specification from its rows."""

    def write(*rows, name="spec.csv"):
        path = tmp_path / name
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
        return path

    return write


# --- banyan ---------------------------------------------------------------------------------


def test_version(run):
    from banyan import __version__

    assert run("--version") == (0, f"banyan {__version__}\n", "")


def test_help_lists_every_verb(run):
    status, out, _ = run("--help")
    assert status == 0
    for verb, (_, text) in VERBS.items():
        assert f"{verb}  " in out
        assert text in out


def test_help_imports_no_verb_and_nothing_heavy():
    code = (
        "import sys; sys.argv = ['banyan', '--help']; from banyan.cli.main import main; main();"
        "print(sorted({'zmq', 'rich', 'msgspec', 'psutil', 'banyan.cli.routes', 'banyan.cli.run',"
        "'banyan.cli.demo'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_answers_at_once():
    def seconds():
        start = time.perf_counter()
        assert banyan("--help").returncode == 0
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.15


@pytest.mark.parametrize(
    "arguments", [["rotes"], ["routes", "check"], ["routes", "show"], ["routes", "show", "a", "-x"]]
)
def test_wrong_usage(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert "--help" in err


@pytest.mark.parametrize("arguments", [["routes"], ["routes", "check"], ["routes", "show"]])
def test_help_teaches_by_example(run, arguments):
    status, out, _ = run(*arguments, "--help")
    assert status == 0
    assert "Example" in out
    assert "banyan routes " in out


# --- banyan routes check --------------------------------------------------------------------


def test_a_clean_file(run, spec):
    path = spec('BP1,localhost,43125,"[a]",43124')
    summary = "1 file checked: 0 errors, 0 warnings"
    assert run("routes", "check", path) == (0, f"{path}: ok\n{summary}\n", "")


def test_warnings_alone_are_no_failure(run):
    status, out, err = run("routes", "check", SEED)
    assert (status, err) == (0, "")
    assert [line.split(" ")[1] for line in out.splitlines()[:-1]] == ["warning:", "warning:"]
    assert out.splitlines()[-1] == "1 file checked: 0 errors, 2 warnings"


def test_every_fault_of_every_file_is_printed_as_compilers_do(run, spec, tmp_path):
    good = spec('BP1,localhost,43125,"[a]",43124', name="good.csv")
    bad = spec('BP1,a b,x,"[a]",43124', 'BP1,c,1,"[a, b]",2', name="bad.csv")
    missing = tmp_path / "godo.csv"
    status, out, err = run("routes", "check", bad, good, missing)
    lines = out.splitlines()
    assert (status, err) == (1, "")
    assert [line.split(": ")[:2] for line in lines[:4]] == [
        [f"{bad}:2:5", "error"],
        [f"{bad}:2:9", "error"],
        [f"{bad}:3:1", "error"],
        [f"{bad}:3:9", "error"],
    ]
    assert lines[4] == f"{good}: ok"
    assert lines[5].startswith(f"{missing}: error: no routing specification 'godo.csv'")
    assert "did you mean 'good.csv'" in lines[5]
    assert lines[6:] == ["3 files checked: 5 errors, 0 warnings"]


# --- banyan routes show ---------------------------------------------------------------------


def test_show_prints_an_aligned_table(run):
    status, out, err = run("routes", "show", SEED)
    assert (status, err) == (0, "")
    header, *rows = out.splitlines()
    assert [row.split() for row in rows] == [
        ["BP1", "192.168.2.194", "43127", "[reply]", "43126"],
        ["BP2", "192.168.2.194", "43125", "[reply]", "43124"],
        ["BP3", "192.168.2.177", "43125", "[]", "43124"],
        ["BP4", "192.168.2.199", "43125", "[run_motors,light_leds]", "-"],
        ["BP5", "192.168.2.133", "-", "[run_motors,light_leds]", "43124"],
    ]
    assert {row.index("[") for row in rows} == {header.index("topics")}


def test_show_draws_the_table_on_a_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    status, out, _ = run("routes", "show", SEED)
    assert status == 0
    assert "\u2502" in out
    assert "[run_motors,light_leds]" in out


def test_show_prints_further_columns_and_everything(run, tmp_path):
    path = tmp_path / "spec.csv"
    path.write_text(HEADER.strip() + ",room\n" + 'BP1,::1,1,"[*]",2,lab\n')
    _, out, _ = run("routes", "show", path)
    assert out.split()[-6:] == ["BP1", "::1", "1", "[*]", "2", "lab"]


def test_show_of_a_faulty_file_prints_its_faults(run, spec):
    path = spec('BP1,a b,x,"[a]",1')
    status, out, err = run("routes", "show", path)
    assert (status, out) == (1, "")
    assert [line.split(" ")[0] for line in err.splitlines()] == [f"{path}:2:5:", f"{path}:2:9:"]


def test_show_of_a_missing_file_is_one_clear_line(run, tmp_path):
    status, out, err = run("routes", "show", tmp_path / "spec.csv")
    assert (status, out) == (1, "")
    assert err.startswith("banyan: no routing specification 'spec.csv'")
    assert err.count("\n") == 1


def test_a_console_that_lacks_the_letters_gets_them_escaped(spec):
    path = spec('BP1,localhost,1,"[\u0442\u0435\u043c\u0430]",2')
    done = banyan("routes", "show", path, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, "")
    assert r"[\u0442\u0435\u043c\u0430]" in done.stdout


# --- banyan routes show --probe -------------------------------------------------------------


def cells(line):
    """Split a line of the table at its gaps of two spaces or more."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_probe_of_a_backplane_that_answers(run, spec):
    with running_backplane() as backplane:
        ports = f'{backplane.subscriber_port},"[a]",{backplane.publisher_port}'
        path = spec(f"BP1,127.0.0.1,{ports}", f"BP2,localhost,,,{backplane.publisher_port}")
        status, out, err = run("routes", "show", "--probe", path)
    assert (status, err) == (0, "")
    header, first, second = map(cells, out.splitlines())
    assert header[-3:] == ["subscriber", "publisher", "round trip"]
    assert first[-3:-1] == ["answers", "answers"]
    milliseconds, unit = first[-1].split()
    assert unit == "ms"
    assert 0 < float(milliseconds) < 2000
    assert second[-3:] == ["not asked", "answers", "-"]


def test_probe_of_a_port_nobody_listens_on(run, spec):
    path = spec(f'BP1,127.0.0.1,{free_port()},"[a]",{free_port()}')
    status, out, _ = run("routes", "show", "--probe", "--timeout", "1", path)
    assert status == 1
    assert cells(out.splitlines()[1])[-3:] == ["nobody listens", "nobody listens", "-"]


@pytest.fixture
def silent():
    """The port of a program that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_probe_asks_all_rows_at_once(run, spec, silent):
    path = spec(*(f'BP{n},127.0.0.1,{silent},"[a{n}]",' for n in range(10)))
    start = time.monotonic()
    status, out, _ = run("routes", "show", "--probe", "--timeout", "0.5", path)
    assert time.monotonic() - start < 3  # one after the other they take 5 s and more
    assert status == 1
    assert [cells(line)[-3] for line in out.splitlines()[1:]] == ["no ZeroMQ there"] * 10


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_during_a_probe_ends_without_a_traceback(spec, silent):
    path = spec(f'BP1,127.0.0.1,{silent},"[a]",')
    command = (sys.executable, "-m", "banyan", "routes", "show", "--probe", "--timeout", "60", path)
    with Program(*command) as program:
        eventually(lambda: asks(program.pid, silent), what="the probe waits for the silent port")
        program.send_signal(signal.SIGINT)
        program.wait(5)
        assert "".join(program.error_lines + program.lines) == ""


def asks(pid: int, port: int) -> bool:
    import psutil

    connections = psutil.Process(pid).net_connections("tcp")
    return any(connection.raddr and connection.raddr.port == port for connection in connections)


def test_show_escapes_what_would_drive_a_terminal(run, tmp_path):
    path = tmp_path / "spec.csv"
    path.write_text(f"{HEADER.strip()},note\nBP1,localhost,43125,[echo],43124,\x1b[2Jx\x07\n")
    status, out, _ = run("routes", "show", path)
    assert status == 0
    assert "\\x1b[2Jx\\x07" in out
    assert not {"\x1b", "\x07"} & set(out)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_check_does_not_wait_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo.csv")
    checked = banyan("routes", "check", tmp_path / "fifo.csv", "")
    assert checked.returncode == 1
    assert "it is no regular file" in checked.stdout
    assert "no routing specification was given" in checked.stdout
