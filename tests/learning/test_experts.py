"""Four operations learned by an expert each: without one of them its operation is lost, and no other suffers."""

import json
from pathlib import Path
from typing import Any

from abacist.core.settings import check
from abacist.runs import folder as folders
from abacist.runs import report
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings

OPERATIONS = ("addition", "subtraction", "multiplication", "division")


def settings(high: int, **model: Any) -> RunSettings:
    def over(name: str) -> dict[str, Any]:
        right = [1 if name == "division" else 0, high]
        return {"operation": {"name": name, "left": [0, high], "right": right, "draw": "value"}}

    return check(
        RunSettings,
        {
            "task": {"mixture": list(map(over, OPERATIONS)), "rounding": {"places": 1}, "split": {"held_out": 0.0}},
            "text": {"format": "compact"},
            "model": {"d_model": 32, "d_ff": 64, "n_layers": 2, "n_heads": 2, "context_length": 16, **model},
            "training": {
                "steps": 200,
                "batch_size": 128,
                "optimizer": "muon",
                "learning_rate": 0.02,
                "schedule": "trapezoid",
                "evaluate_every": 100,
                "dtype": "float32",
                "threads": 1,
            },
            "grading": {"sets": [{"title": "all", "side": "any", "count": 200}]},
        },
    )


def test_each_operation_falls_without_its_expert_and_no_other_does(tmp_path: Path):
    planned = settings(high=4, feed_forward={"name": "experts", "router": "operator"})
    run = ProblemRun.create(tmp_path / "run", planned)
    run.train()
    grades, rate = run.grade()
    report.write(run, grades, rate, [])
    told = json.loads((run.path / folders.EXPERTS).read_text())
    signs = {name: expert for expert, name in enumerate(OPERATIONS)}
    assert told["experts"] == ["0 (+)", "1 (-)", "2 (*)", "3 (/)"]
    for name, own in signs.items():
        whole, without = told["whole"][name], [each[name] for each in told["without"]]
        assert whole["accuracy"] >= 0.9
        assert without[own]["accuracy"] < whole["accuracy"] / 2
        assert all(without[other] == whole for other in signs.values() if other != own)
        assert all(layer[name][own] == 1 for layer in told["shares"])
    page = (run.path / folders.REPORT).read_text()
    assert "What its experts do" in page
    assert "Without expert 0 (+) addition falls from" in page
