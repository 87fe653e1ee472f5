"""What the commands say of themselves. Nothing is imported: help is shown at once."""

HELP = """\
Build language models from scratch and teach them mathematics with tokens.

  abacist calc "12+34"      ask the model that comes with abacist
  abacist train demo        train one of your own in about a minute, with a report"""

SIZE = """\
Count the parameters of a recipe, a settings file or a run, part by part, before a weight exists.
Where the tokens are learned from a text, say how many there will be.

  abacist size tinymath --set model.d_model=256
  abacist size demo --set 'model.feed_forward={"name":"experts","count":4}'
  abacist size character_gpt --vocab-size 50257 --set model.d_model=768 --set model.n_layers=12"""

DATA = """\
Write a recipe's problems with their exact answers to a file.

  abacist data tinymath --rows 1000 --out sample.txt"""

TEXT = """\
Look into a corpus: how many documents and characters, what is wrong in them, and how tokenizers cut them.
Paths are text files, folders, .tex files or an address; files are read in alphabetical order.

  abacist text books/
  abacist text thesis.tex --set macros=expand --tokenizer latex,bpe --vocab-size 2048
  abacist text books/ --split document       how much of the validation text stands in the training text

Which tokenizer a model predicts best with, in bits a character: abacist compare --help"""

TRAIN = """\
Train a model on problems or on text, grade it, and write a report.

  abacist train demo
  abacist train character_gpt --set corpus=books/      a folder of nanoGPT's train.bin and val.bin will do, too
  abacist train addition --set digits=7 --minutes 2 --name seven
  abacist train demo --over seed=1,2,3,4      four models in one program
  abacist train --resume runs/seven"""

SAMPLE = """\
Let a run of text write, each token as it comes, with its best weights. It may write more than it reads at once:
what came first is then forgotten.

  abacist sample runs/character_gpt --prompt "The " --temperature 0.7 --top-k 20
  abacist sample runs/thesis --num 5 --tokens 2000 --latex-check      how many of the paragraphs parse"""

SWEEP = """\
How small can a model be and still pass? Every point of a grid, or those that a sampler draws, is trained and graded;
the page has all of them by size, with the share of seeds that pass, and the picture accuracy against parameters.
Run it again with the same arguments and it goes on: what is done is not done again.

  abacist sweep addition --over model.d_model=4..32:4 --seeds 3 --pass 0.99 --workers 2
  abacist sweep addition --over model.d_model=4..32:4 --over training.learning_rate=1e-3..3e-2:log \\
      --sampler tpe --trials 40 --ceiling 5000 --give-up 0.5:0.2
  abacist sweep demo --over model.n_layers=1,2 --over model.d_model=8..64:8 --on "held out" --until-passed

A grid goes from small models to large. Samplers are Optuna's: random, tpe, nsga2 and gp, for few parameters and a
high accuracy at once. The short names of abacist compare hold here, too. --set training.stop_at=1.0 ends a training
as soon as it is right on all that it looks at. With --storage several machines may work on one sweep: each keeps the
runs that it trained, and all figures are in the database, so that any of them can write the report."""

GRADE = """\
Grade a run on its sets or on public benchmarks, or any text of lines.

  abacist grade runs/demo
  abacist grade runs/demo --on gpt3,mathglm          their files where ABACIST_DATA holds them, else drawn anew
  abacist grade shipped --on gpt3 --data FOLDER      the model that comes with abacist
  abacist grade --apart apart.txt --data FOLDER      what a training has to leave out to be graded on them
  abacist grade --file lines.txt"""

FAR = """\
Ask a run beyond what it was trained on: fresh problems of the sizes you name, from its own operations.
Prints tables, and writes far.json, pictures and a part of the report.

  abacist far runs/addition --lengths 5,10,20,50 --set model.context_length=192
  abacist far runs/sums --operands 2,4,8,16 --count 50
  abacist far shipped --depths 1,2,3,4,6             the model that comes with abacist"""

SHRINK = """\
Make a trained run smaller, and see what that costs: weights of few bits, the smallest of them zero, graded on the
same sets before and after. The new run answers as any other does; it cannot be trained on.

  abacist shrink runs/addition --bits 8,4,3
  abacist shrink runs/addition --bits 4 --prune 0.3 --name small"""


PROVE = """\
Prove that a model of one layer adds all pairs of numbers rightly, by exact bounds over sets of them, or find a pair
that it does not. Rows must have one shape: the format padded, reversed. Writes proof.json; the exit status is 0 only
where it is proven.

  abacist train addition --name three --set digits=3 \\
      --set 'text.format={"name":"padded","width":3,"answer_width":4,"reverse":true}'
  abacist prove runs/three"""

EXPORT = """\
Write a run's model for other programs.

--to transformers writes model and tokenizer as a folder that Hugging Face's transformers loads, as a GPT2LMHeadModel or
a LlamaForCausalLM, whichever its parts are those of. One of neither is refused with the setting that hinders.

  abacist train demo --name like_gpt2 --set model.position=learned --set model.norm=layer_norm \\
      --set model.feed_forward=gelu
  abacist export runs/like_gpt2 --out like_gpt2

--to adderboard writes a model that adds as one Python file, which needs torch alone: its weights, its forward pass, and
`build_model` and `add` as the public contest for small adders asks for them.

  abacist export runs/tiny_adder --to adderboard --out adder.py"""

BENCH = """\
Measure what abacist costs, on this machine; every figure with its spread. Without a name: everything.

  abacist bench                        all of it: this takes an hour
  abacist bench --quick                toy sizes: does it run?
  abacist bench products training      these two; the others stay in bench.json as they were
  abacist bench peers --nanogpt DIR    against a checkout of nanoGPT, and transformers where installed

measures:
  products    matrix products: the machine's limit
  training    training steps, and their share of the limit
  adder       time until ten digits are added
  tinymath    time until TinyMath's table is 95 % right
  answers     answers a second, together and one by one
  starts      how long commands take to start
  data        batches, formats, whole tables on disk
  growth      throughput against width, depth, rows, threads
  peers       training steps against nanoGPT and transformers"""
