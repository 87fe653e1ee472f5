"""CMA-ES: a search that knows losses alone, for very small models."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.training.optimizer import NamedParameters, OptimizerChoice, few_parameters

MOST = 2000
"""Numbers that can be learned at most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CmaEs(OptimizerChoice):
    """Covariance matrix adaptation: draw weights from a normal distribution, and move it to where losses are low.

    A step is a generation: the loss of each of `population` models is taken on the step's batch, and mean, step size
    and covariance follow the better and flee the worse ones. The model is left at the mean. It is meant as a finish of
    a model of up to a few hundred numbers that gradients have brought near, with large batches: all of a generation
    answer the same one. `learning_rate` is the first step size; it adapts itself from there on, so a schedule has no
    say.

    Source: Hansen 2016, arXiv:1604.00772, with the constants of its table 1, negative weights among them.
    """

    wants_loss: ClassVar[bool] = True

    population: int | None = None
    """Models a generation; None takes 4 + 3 ln n for n numbers, as the source does."""
    seed: int = 1
    """Of what is drawn."""

    def __post_init__(self) -> None:
        if self.population is not None and self.population < 4:
            raise SettingsError(f"population must be at least 4, got {self.population}")

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one optimizer. Raises: SettingsError for a model that is too large."""
        learning = few_parameters(parameters, MOST, "cma_es")
        return [Search(learning, learning_rate, self.population, self.seed)]


@dataclass(frozen=True)
class Constants:
    """What the source's table 1 makes of the count of numbers n and of the population."""

    weights: Floats
    """Of each of a generation, the best first; they are negative in the worse half. Shape: (population,)."""
    parents: int
    """How many weights are positive."""
    mass: float
    """The variance effective selection mass of the positive ones."""
    sigma_rate: float
    sigma_damping: float
    path_rate: float
    one_rate: float
    """Of the update of the covariance by its path, of rank one."""
    many_rate: float
    """Of its update by the generation, of the rank of the population."""
    length: float
    """Expected length of a normal vector."""

    @classmethod
    def of(cls, n: int, population: int) -> "Constants":
        """Return the constants, named there w, mu, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu and the expectation."""
        raw = math.log((population + 1) / 2) - np.log(np.arange(1, population + 1))
        parents = population // 2
        better, worse = raw[:parents], raw[parents:]
        mass, other_mass = (float(part.sum() ** 2 / np.square(part).sum()) for part in (better, worse))
        sigma_rate = (mass + 2) / (n + mass + 5)
        one_rate = 2 / ((n + 1.3) ** 2 + mass)
        many_rate = min(1 - one_rate, 2 * (0.25 + mass + 1 / mass - 2) / ((n + 2) ** 2 + mass))
        bounds = (
            1 + one_rate / many_rate,
            1 + 2 * other_mass / (mass + 2),
            (1 - one_rate - many_rate) / (n * many_rate),
        )
        above, below = raw[raw >= 0].sum(), -raw[raw < 0].sum()
        return cls(
            weights=np.where(raw >= 0, raw / above, min(bounds) * raw / below),
            parents=parents,
            mass=mass,
            sigma_rate=sigma_rate,
            sigma_damping=1 + 2 * max(0.0, math.sqrt((mass - 1) / (n + 1)) - 1) + sigma_rate,
            path_rate=(4 + mass / n) / (n + 4 + 2 * mass / n),
            one_rate=one_rate,
            many_rate=many_rate,
            length=math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)),
        )


class Search(Optimizer):
    """The distribution that weights are drawn from; its mean are the weights themselves.

    All else lies, in float64, in the state of the first parameter, so that it is saved with it. What a generation
    draws is a function of the seed and its number.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], sigma: float, population: int | None, seed: int):
        super().__init__(parameters, {"lr": sigma})
        self.seed, self.parameters = seed, list(parameters)
        self.n = sum(parameter.numel() for parameter in parameters)
        self.constants = Constants.of(self.n, population or 4 + int(3 * math.log(self.n)))
        self.sigma = sigma

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take a saved state, in the precision that it was saved in: torch would cast it to that of the weights."""
        super().load_state_dict(state_dict)
        for index, entry in state_dict["state"].items():
            self.state[self.parameters[int(index)]] = {key: value.clone() for key, value in entry.items()}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do a generation; `closure` returns the loss of the weights as they are. They are left at the mean."""
        assert closure is not None, "a search that has no gradients needs losses"
        known = self._state()
        sigma, done = float(known["sigma"]), int(known["generation"])
        basis, axes = known["basis"].numpy(), known["axes"].numpy()
        mean = self._weights()
        normal = generator("cma_es", self.seed, done).standard_normal((len(self.constants.weights), self.n))
        steps = normal * axes @ basis.T
        losses = []
        for each in steps:
            self._put(mean + sigma * each)
            losses.append(closure())
        # What is no number is worse than any; of equals the one drawn first is first.
        order = np.argsort(np.nan_to_num(losses, nan=np.inf), kind="stable")
        self._put(mean + sigma * self._adapt(known, normal[order], steps[order]))

    def _adapt(self, known: dict[str, Tensor], normal: Floats, steps: Floats) -> Floats:
        """Update paths, step size and covariance by a generation, the best first; return how the mean moves."""
        c, n = self.constants, self.n
        sigma_path, path, covariance = (known[name].numpy() for name in ("sigma_path", "path", "covariance"))
        done = int(known["generation"])
        best = c.weights[: c.parents]
        moved: Floats = best @ steps[: c.parents]
        # The steps are basis axes normal, so that the inverse root of the covariance leaves basis normal of them.
        whitened = known["basis"].numpy() @ (best @ normal[: c.parents])
        sigma_path = (1 - c.sigma_rate) * sigma_path + math.sqrt(c.sigma_rate * (2 - c.sigma_rate) * c.mass) * whitened
        length = float(np.linalg.norm(sigma_path))
        sigma = float(known["sigma"]) * math.exp(c.sigma_rate / c.sigma_damping * (length / c.length - 1))
        # A path that grows fast stalls the other, so that a step size far too small does not stretch the covariance.
        settled = math.sqrt(1 - (1 - c.sigma_rate) ** (2 * (done + 1)))
        heard = float(length / settled < (1.4 + 2 / (n + 1)) * c.length)
        path = (1 - c.path_rate) * path + heard * math.sqrt(c.path_rate * (2 - c.path_rate) * c.mass) * moved
        weights = np.where(c.weights >= 0, c.weights, c.weights * n / np.square(normal).sum(1))
        missed = c.one_rate * (1 - heard) * c.path_rate * (2 - c.path_rate)
        covariance = (
            (1 + missed - c.one_rate - c.many_rate * c.weights.sum()) * covariance
            + c.one_rate * np.outer(path, path)
            + c.many_rate * (steps.T * weights) @ steps
        )
        values = {"sigma": sigma, "sigma_path": sigma_path, "path": path, "covariance": covariance}
        values["generation"] = float(done + 1)
        # Seldom enough to cost no more than the rest, as the source has it (B.2).
        if (done + 1) % max(1, int(1 / (10 * n * (c.one_rate + c.many_rate)))) == 0:
            squares, values["basis"] = np.linalg.eigh((covariance + covariance.T) / 2)
            values["axes"] = np.sqrt(np.maximum(squares, np.finfo(float).tiny))
        known.update({name: torch.from_numpy(np.array(value)) for name, value in values.items()})
        return moved

    def _state(self) -> dict[str, Tensor]:
        """Return what is known but for the mean: nothing has a direction at first."""
        known: dict[str, Tensor] = self.state[self.parameters[0]]
        if not known:
            zeros, ones = torch.zeros(self.n, dtype=torch.float64), torch.eye(self.n, dtype=torch.float64)
            known["sigma"] = torch.tensor(self.sigma, dtype=torch.float64)
            known["generation"] = torch.tensor(0.0, dtype=torch.float64)
            known |= {"sigma_path": zeros, "path": zeros.clone(), "covariance": ones, "basis": ones.clone()}
            known["axes"] = torch.ones(self.n, dtype=torch.float64)
        return known

    def _weights(self) -> Floats:
        flat: Floats = nn.utils.parameters_to_vector(p.detach().double().cpu() for p in self.parameters).numpy()
        return flat

    def _put(self, weights: Floats) -> None:
        parts = torch.from_numpy(weights).split([parameter.numel() for parameter in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.copy_(part.view_as(parameter))
