"""The shape of a model: everything needed to build it before a weight exists."""

from dataclasses import dataclass
from typing import Annotated

from abacist.core.catalogue import Part, PartOf
from abacist.core.errors import SettingsError

POSITIONS = "models.positions"
MIXERS = "models.mixers"
NORMS = "models.norms"
FEED_FORWARDS = "models.feed_forwards"
EMBEDDINGS = "models.embeddings"


@dataclass(frozen=True)
class ModelSettings:
    """A transformer's shape. The size of its vocabulary comes from the tokenizer."""

    d_model: int = 64
    n_layers: int = 2
    n_heads: int = 2
    n_kv_heads: int | None = None
    """Heads of keys and values, each shared by n_heads / n_kv_heads heads of queries; null for one each."""
    head_width: int | None = None
    """Width of one attention head; null for d_model / n_heads."""
    d_ff: int = 256
    embedding: Annotated[Part, PartOf(EMBEDDINGS)] = Part("table")
    """How tokens become vectors, and hidden states logits: by a learned table, or by the numbers that tokens are."""
    position: Annotated[Part, PartOf(POSITIONS)] = Part("places")
    norm: Annotated[Part, PartOf(NORMS)] = Part("rms_norm")
    shared_norms: bool = False
    """One norm for all places where there is one, instead of one each: what it learns is learned once."""
    feed_forward: Annotated[Part, PartOf(FEED_FORWARDS)] = Part("squared_relu")
    mixer: Annotated[Part, PartOf(MIXERS)] = Part("attention")
    """How the tokens of a row learn of one another: attention, recurrence, or your own."""
    attention_every: int | None = None
    """Every so many layers the last one attends, whatever the others mix by; null for none."""
    bias: bool = False
    """Biases in all matrices of the blocks; those of the feed-forward gelu have them always."""
    loops: int = 1
    """How often a row goes through all layers, with the same weights each time."""
    tied: bool = False
    """Use the token embedding as output projection too."""
    dropout: float = 0.0
    context_length: int = 64
    """Most tokens in a row, prompt and answer together."""

    def __post_init__(self) -> None:
        for name in ("d_model", "n_layers", "n_heads", "d_ff", "loops", "context_length"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.head_width is None and self.d_model % self.n_heads:
            raise SettingsError(f"d_model {self.d_model} must be a multiple of n_heads {self.n_heads}")
        if self.head_width is not None and self.head_width < 1:
            raise SettingsError(f"head_width must be at least 1, got {self.head_width}")
        if self.kv_heads < 1 or self.n_heads % self.kv_heads:
            raise SettingsError(f"n_heads {self.n_heads} must be a multiple of n_kv_heads {self.n_kv_heads}")
        if self.attention_every is not None and self.attention_every < 1:
            raise SettingsError(f"attention_every must be at least 1, got {self.attention_every}")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout must be at least 0 and below 1, got {self.dropout}")

    def mixer_of(self, layer: int) -> Part:
        """Return the choice of a layer's mixer; layers count from 0."""
        attends = self.attention_every is not None and (layer + 1) % self.attention_every == 0
        return Part("attention") if attends else self.mixer

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.n_heads if self.head_width is None else self.head_width

    @property
    def d_query(self) -> int:
        """Width of all heads of queries together."""
        return self.n_heads * self.d_head

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def d_kv(self) -> int:
        """Width of all heads of keys together, and of values."""
        return self.kv_heads * self.d_head

    @property
    def depth(self) -> int:
        """How many layers a row goes through, those it meets again counted again."""
        return self.n_layers * self.loops
