from hypothesis import given
from hypothesis import strategies as st

from abacist.problems.question import read_question
from abacist.text.formats.varied import Varied

LEXEMES = st.sampled_from(["12", "3.5", "+", "-", "*", "(", ")", "What", "sum", "of", "%", ":"])


@given(st.lists(LEXEMES, min_size=1, max_size=80).map(tuple))
def test_spaces_change_nothing_that_is_read(question: tuple[str, ...]):
    prompt = Varied().prompt(question)
    assert prompt.endswith("=")
    assert prompt == Varied().prompt(question)
    if set(question) - {":"}:  # a question of marks alone asks nothing
        assert "".join(read_question(f"0+{prompt}")) == "".join(read_question("0+" + " ".join(question)))


def test_questions_are_written_with_and_without_more_spaces_than_they_need():
    prompts = {Varied().prompt(read_question(f"{number}+{number}")) for number in range(100)}
    assert any(" " not in prompt for prompt in prompts)
    assert any("  " in prompt for prompt in prompts)
    assert Varied().parse("-3.5") == "-3.5"
    assert Varied().parse("3 5") is None
