"""Several models of one shape, trained at once."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from abacist.core.errors import Interrupted, SettingsError
from abacist.text.batch import joined
from abacist.training.loop import Outcome, Trainer
from abacist.training.signals import wish_to_stop


class Ensemble:
    """Trainings that go step by step together: a tiny model alone cannot keep a machine busy.

    The weights of all members lie in one tensor for each name, and one forward and backward pass goes
    over all of them. Each member has its own batches, rates, looks and saves, and comes to the weights
    that it would have come to alone, up to the rounding of sums taken in another order.
    Raises: SettingsError where members differ in what one pass must share.
    """

    def __init__(self, trainers: Sequence[Trainer]):
        self.trainers = list(trainers)
        parts = (part for each in trainers for part in each.kind.modules())
        if alone := next(filter(None, (getattr(part, "shapes_follow_data", "") for part in parts)), ""):
            raise SettingsError(
                f"{alone} where models are trained at once: how much it computes differs from model to model; "
                "train them in turn"
            )
        shared = {
            "training.dtype": {str(trainer.settings.dtype) for trainer in trainers},
            "training.batch_size": {str(trainer.settings.batch_size) for trainer in trainers},
            "the model's shape": {str([(n, p.shape) for n, p in t.kind.named_parameters()]) for t in trainers},
        }
        for what, values in shared.items():
            if len(values) > 1:
                raise SettingsError(f"{what} must be the same for all models trained at once")
        if any(trainer.settings.accumulate > 1 for trainer in trainers):
            raise SettingsError("training.accumulate must be 1 where models are trained at once: they share each pass")
        if any(trainer.noisy for trainer in trainers):
            raise SettingsError("model.dropout must be 0 where models are trained at once: each draws its own noise")
        self._members: list[Trainer] = []
        self._weights: dict[str, Tensor] = {}

    def run(self) -> list[Outcome]:
        """Train all members to their ends. Raises: Interrupted after Ctrl-C, with everything saved."""
        with wish_to_stop() as wish:
            for trainer in self.trainers:
                trainer.begin()
            while running := [trainer for trainer in self.trainers if not trainer.counters.finished]:
                losses, tokens = self._gradients(running)
                for trainer, loss, count in zip(running, losses, tokens, strict=True):
                    trainer.advance(loss, count)
                if wish.made and not all(trainer.counters.finished for trainer in running):
                    for trainer in running:
                        trainer.save()
                    raise Interrupted(f"stopped after step {running[0].counters.step:,}; everything is saved")
        return [trainer.outcome() for trainer in self.trainers]

    def _gradients(self, running: list[Trainer]) -> tuple[list[float], list[int]]:
        """Fill the gradients of every running member; return their summed losses and the tokens these are over."""
        if running != self._members:
            self._stack(running)
        kind = running[0].kind
        batches = [trainer.next_batch() for trainer in running]
        if len({len(batch.ids) for batch in batches}) > 1:
            raise SettingsError("data.pack must be null where models of this kind are trained at once")
        tokens = [int(batch.loss_mask.sum()) for batch in batches]
        inputs = {
            name: tensor.unflatten(0, (len(running), -1)) for name, tensor in kind.inputs(joined(batches)).items()
        }

        def loss(weights: dict[str, Tensor], own: dict[str, Tensor]) -> Tensor:
            return functional_call(kind, weights, (), own)

        with running[0].accelerator.autocast():
            losses = vmap(loss)(self._weights, inputs)
        (losses / torch.tensor(tokens, device=losses.device)).sum().backward()
        for name, stack in self._weights.items():
            assert stack.grad is not None
            for trainer, gradient in zip(running, stack.grad, strict=True):
                trainer.kind.get_parameter(name).grad = gradient
            stack.grad = None
        return losses.tolist(), tokens

    def _stack(self, running: list[Trainer]) -> None:
        """Move the members' weights into common tensors; each member's own are views of these from then on."""
        self._members, self._weights = running, {}
        for name, _ in running[0].kind.named_parameters():
            parameters = [trainer.kind.get_parameter(name) for trainer in running]
            stack = torch.stack([parameter.detach() for parameter in parameters])
            for parameter, part in zip(parameters, stack, strict=True):
                parameter.data = part
            self._weights[name] = nn.Parameter(stack)
