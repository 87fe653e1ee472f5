"""The contract of families of pretrained models: what is written is read again, to the last weight."""

import re
from pathlib import Path

import pytest
import torch

from abacist.core.catalogue import load, own_names
from abacist.core.settings import check
from abacist.models.family import FAMILIES
from abacist.models.pretrained import read, write
from abacist.models.settings import ModelSettings
from abacist.models.transformer import new_transformer

over_every_family = pytest.mark.parametrize("name", own_names(FAMILIES))


@over_every_family
@pytest.mark.parametrize("tied", [False, True])
@torch.no_grad()
def test_a_model_survives_writing_and_reading(name: str, tied: bool, tmp_path: Path):
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 4, "d_ff": 24, "context_length": 12, "tied": tied}
    settings = check(ModelSettings, {**shape, **load(FAMILIES, name).parts})
    model = new_transformer(settings, torch.zeros(7, dtype=torch.long), seed=1).eval()
    assert write(model, tmp_path) == name
    found = read(tmp_path)
    ids, places = torch.arange(7)[None], torch.arange(7)[None, :, None].expand(1, 7, 3)
    torch.testing.assert_close(found.model(ids, places), model(ids, places), atol=1e-6, rtol=1e-6)
    assert {key: getattr(found.model.settings, key) for key in shape} == shape
    assert found.end_ids == []


@over_every_family
def test_all_that_it_says_of_itself_is_there(name: str):
    family = load(FAMILIES, name)()
    config = family.config(check(ModelSettings, family.parts))
    assert all(config.get(key, values[0]) in values for key, values in family.computed.items())
    re.compile(family.without_weights)
    assert list(family.hindrances(check(ModelSettings, family.parts))) == []
