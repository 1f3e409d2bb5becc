import pytest

from suite.sweep.launchers import basic


@pytest.fixture
def jobs(tmp_path):
    return [["device=cpu", f"runs_dir={tmp_path}", f"hydra.sweep.subdir=jobs/{number}"] for number in range(3)]


def test_each_job_is_done_once_in_order(jobs):
    done = []
    basic.run(jobs, done.append)
    assert done == [0, 1, 2]


def test_hydra_keeps_the_overrides_of_each_job(jobs, tmp_path):
    basic.run(jobs, lambda number: None)
    for number in range(3):
        (kept,) = tmp_path.glob(f"*/jobs/{number}/.hydra/overrides.yaml")
        assert "device=cpu" in kept.read_text()


def test_an_error_ends_the_sweep_where_it_happens_and_is_printed_by_nobody_else(jobs, capsys):
    done, error = [], RuntimeError("the disk is full")

    def fail_at_the_second(number):
        done.append(number)
        if number == 1:
            raise error

    with pytest.raises(RuntimeError) as raised:
        basic.run(jobs, fail_at_the_second)
    assert raised.value is error
    assert done == [0, 1]
    assert capsys.readouterr().err == ""


def test_ctrl_c_is_not_an_error_of_a_job(jobs):
    def stopped(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        basic.run(jobs, stopped)
