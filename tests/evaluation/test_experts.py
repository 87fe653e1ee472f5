"""What is told of experts: where tokens go, without padding, and what falls without one."""

from typing import Any

import pytest
import torch

from abacist.core.settings import check
from abacist.evaluation.drawing import as_svg
from abacist.evaluation.experts import ExpertUse, expert_use, experts_figure, experts_found, experts_of, traffic
from abacist.evaluation.grading import Score
from abacist.kinds.decoder import Decoder
from abacist.models.settings import ModelSettings
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text.codec import Codec, TextSettings

CODEC = Codec.build(check(TextSettings, {"format": "compact"}))
PROBLEMS = [
    Problem(read_question(text), Rounding(), name)
    for text, name in (("1+2", "addition"), ("10+2", "addition"), ("7*8", "multiplication"), ("99-1", "subtraction"))
]
BY_OPERATOR = {"name": "experts", "router": "operator"}


def decoder(feed_forward: Any, **model: Any) -> Decoder:
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "context_length": 20}
    settings = check(ModelSettings, {**shape, "feed_forward": feed_forward, **model})
    made = Decoder.new(None, settings, CODEC.classes, CODEC.tokenizer.end_id, seed=1)
    made.read_vocabulary(CODEC.tokenizer.vocabulary)
    return made


def test_a_row_s_tokens_from_its_sign_on_go_to_that_sign_s_expert():
    kind = decoder(BY_OPERATOR).train()
    # <start> 1 + 2 = 3 <end>, and one digit more before the sign, which changes nothing; the end is read by nobody.
    # In the last layer the token before the answer and the answer are enough.
    assert traffic(kind, CODEC, PROBLEMS[:1]) == [[4, 0, 0, 0], [2, 0, 0, 0]]
    two = traffic(kind, CODEC, PROBLEMS[:2])
    assert two[0][0] == 4 + 5
    assert kind.training


def test_loops_are_counted_each_time_and_a_learned_router_gives_each_token_to_top_k():
    rows, (prompt, end) = CODEC.row(PROBLEMS[0]).ids, (1, 1)
    counts = traffic(decoder({"name": "experts", "top_k": 3}, loops=2, n_layers=1), CODEC, PROBLEMS[:1])
    read = len(rows) - end
    assert sum(counts[0]) == 3 * (read + 2 * prompt)


def test_a_model_without_experts_has_nothing_to_tell():
    assert expert_use(decoder("gelu"), CODEC, PROBLEMS) is None
    assert expert_use(decoder("experts"), CODEC, []) is None
    assert experts_figure(None) is None
    assert experts_found(None) == ""


def test_use_tells_every_expert_layer_and_operation():
    torch.manual_seed(0)
    kind = decoder(BY_OPERATOR)
    use = expert_use(kind, CODEC, PROBLEMS)
    assert use is not None
    assert use.layers == len(experts_of(kind)) == 2
    assert use.names == ["0 (+)", "1 (-)", "2 (*)", "3 (/)"]
    assert use.shares(0) == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert use.as_json()["shares"][0]["multiplication"] == [0, 0, 1, 0]
    assert [sorted(each) for each in use.without] == [sorted(use.whole)] * 4
    assert all(value.count in (1, 2) for value in use.whole.values())


def told(broken: int) -> ExpertUse:
    whole = {"addition": Score(100, 100), "division": Score(90, 100)}
    without = [whole, {"addition": Score(broken, 100), "division": Score(90, 100)}]
    return ExpertUse(["0", "1"], {"addition": [[1, 3]], "division": [[2, 2]]}, whole, without)


def test_what_was_found_is_said():
    assert experts_found(told(5)) == (
        "Operations go apart most in layer 0: 75.0 % of addition to expert 1, 50.0 % of division to expert 0. "
        "Without expert 0 no operation clearly falls. Without expert 1 addition falls from 100 % to 5.0 %."
    )
    assert "Without expert 1 no operation clearly falls." in experts_found(told(99))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_picture_has_a_panel_a_layer_and_one_for_ablation(layers: int):
    use = told(5)
    use = ExpertUse(use.names, {name: own * layers for name, own in use.tokens.items()}, use.whole, use.without)
    drawn = as_svg(experts_figure)(use)
    assert drawn is not None
    for words in ("layer 0", "answered exactly without it", "all work", "addition", ">75<", ">5<"):
        assert words in drawn
    assert ("layer 1" in drawn) == (layers == 2)
