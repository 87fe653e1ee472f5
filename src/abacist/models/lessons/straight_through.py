"""Taught by answers alone: the surest reading counts, and gradients pass through it as if it were its probabilities."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from abacist.core.readings import DIGITS, GO, READINGS, SIGNS
from abacist.models.exact_unit import ExactUnit, turned
from abacist.models.lesson import Lesson, Rows


@dataclass(frozen=True)
class StraightThrough(Lesson):
    """A single sign between two numbers, worked out in floating point from the surest reading of each token.

    Each token's reading is its surest one going forward and its probabilities going back; digits make up two values,
    signs mix what each makes of them, and the loss is how far asinh of that is from asinh of the answer, smooth
    near 0. The last token's end and all others' not being one are taught by their probabilities. Choices among
    several applications learn nothing.

    Source: Bengio et al. 2013, arXiv:1308.3432.
    """

    def loss(self, unit: ExactUnit, rows: Rows) -> Tensor:
        """Return the mean over the rows."""
        known = [row for row, answer in enumerate(rows.answers) if answer is not None]
        if not known:
            return 0 * rows.logits.sum()
        p = rows.logits[known].float().softmax(-1)
        prompts, go = rows.prompts[known], READINGS.index(GO)
        hard = F.one_hot(p.argmax(-1), p.shape[-1]).to(p.dtype)
        read = hard + p - p.detach()
        in_order = unit.settings.order == "plain"
        digits = torch.arange(len(DIGITS), dtype=p.dtype, device=p.device)
        values = [p.new_zeros(len(p)), p.new_zeros(len(p))]
        scales = [p.new_ones(len(p)), p.new_ones(len(p))]
        signs = p.new_zeros(len(p), 4)
        behind = p.new_zeros(len(p))  # 1 once a sign was read
        for place in range(int(prompts.max()) - 1):
            here = read[:, place] * (place < prompts - 1)[:, None]
            is_digit, digit = here[:, : len(DIGITS)].sum(1), here[:, : len(DIGITS)] @ digits
            for side, share in enumerate((1 - behind, behind)):
                told, own = is_digit * share, digit * share
                values[side] = values[side] + (9 * values[side] * told + own if in_order else own * scales[side])
                scales[side] = scales[side] * (1 + 9 * told.detach())
            sign = here[:, READINGS.index(SIGNS[0]) :][:, :4]
            signs = signs + sign * (1 - behind)[:, None]
            behind = (behind + sign.sum(1)).clamp(max=1)
        left, right = values
        safe = torch.where(right.abs() < 1, torch.ones_like(right), right)
        made = torch.stack([left + right, left - right, left * right, left / safe], 1)
        truth = [rows.answers[row] or "0" for row in known]
        wanted = p.new_tensor([float(each if in_order else turned(each)) for each in truth])
        distance = F.smooth_l1_loss((made * signs).sum(1).asinh(), wanted.asinh(), reduction="sum")
        at = torch.arange(p.shape[1], device=p.device)
        ends = torch.where(at == (prompts - 1)[:, None], p[..., go], 1 - p[..., go]).clamp(min=1e-6).log()
        return (distance - (ends * (at < prompts[:, None])).sum()) / len(rows.answers)
