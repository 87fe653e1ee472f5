"""Muon's stack of square blocks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from abacist.training.optimizers.muon import StackedMuon, cut, joined, orthogonal


@given(st.integers(1, 20), st.integers(1, 20))
def test_cutting_and_joining_gives_the_matrix_back(rows, columns):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(rows * 31 + columns))
    blocks = cut(matrix, min(rows, columns))
    assert blocks.shape[1:] == (min(rows, columns),) * 2
    assert torch.equal(joined(blocks, matrix.shape), matrix)


def test_blocks_become_nearly_orthogonal_and_keep_their_directions():
    blocks = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(1))
    result = orthogonal(blocks)
    u, _, v = torch.linalg.svd(blocks)
    # In the blocks' own singular directions the result is close to the identity.
    turned = u.transpose(1, 2) @ result @ v.transpose(1, 2)
    values = turned.diagonal(dim1=1, dim2=2)
    assert ((values[:, :24] > 0.5) & (values[:, :24] < 1.4)).all()
    assert (turned - torch.diag_embed(values)).abs().max() < 0.1


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 32), (10, 4)])
def test_a_step_moves_against_the_gradient(shape):
    parameter = torch.nn.Parameter(torch.zeros(shape))
    optimizer = StackedMuon([parameter], lr=0.1, momentum=0.9, weight_decay=0.0)
    parameter.grad = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    optimizer.step()
    assert (parameter.detach() * parameter.grad).sum() < 0


def test_weight_decay_shrinks_the_weights():
    parameter = torch.nn.Parameter(torch.ones(4, 4))
    optimizer = StackedMuon([parameter], lr=0.1, momentum=0.9, weight_decay=0.5)
    parameter.grad = torch.zeros(4, 4)
    optimizer.step()
    assert torch.allclose(parameter.detach(), torch.full((4, 4), 0.95))
