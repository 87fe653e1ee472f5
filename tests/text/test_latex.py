"""LaTeX: what is cut, what stays as it is, what is joined, expanded and told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import DataError, SettingsError
from abacist.text.corpora.latex import Latex
from abacist.text.corpus import Fault
from abacist.text.latex import macros
from abacist.text.latex.cleaning import MacroChoice, cleaned
from abacist.text.latex.lexing import Lexeme, lexemes
from abacist.text.latex.macros import Macros
from abacist.text.latex.syntax import syntax_faults


def cleaned_text(source: str, macros: MacroChoice = "keep") -> str:
    """Clean the source of one file, whose commands to join others stay as they are."""
    return cleaned([Lexeme("text", x.text, x.start) if x.kind == "join" else x for x in lexemes(source)], macros)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a % b\nc", "a\nc\n"),
        ("a% b\nc", "ac\n"),
        ("a% b\n  c", "ac\n"),
        ("a%\n\nb", "a\n\nb\n"),
        ("a\n% b\nc", "a\nc\n"),
        ("a\n  % b\n%\n\nc", "a\n\nc\n"),
        (r"50\% of % this", "50\\% of\n"),
        (r"a \\% b" + "\nc", "a \\\\c\n"),
        ("a\\ % b\nc", "a\\ c\n"),
        ("a\\  % b\nc", "a\\\nc\n"),
        ("\\alpha%\nx", "\\alpha\nx\n"),
        ("\\alpha%\n\\beta", "\\alpha\\beta\n"),
        (r"\verb|%| and \verb*+a%b+ % c", "\\verb|%| and \\verb*+a%b+\n"),
        (r"\url{http://a/b%20c} % d", "\\url{http://a/b%20c}\n"),
        (r"\href{http://a/%20}{b} % d", "\\href{http://a/%20}{b}\n"),
        ("a\n\\begin{comment}\nb\n\\end{comment}\nc", "a\n\nc\n"),
        ("a\n\\endinput\nb", "a\n"),
        ("a  \n\n\n\n\nb\t\n", "a\n\nb\n"),
        ("% only\n", ""),
        ("\\", "\\\n"),
        ("", ""),
    ],
)
def test_comments_and_blank_lines_go(source: str, expected: str):
    assert cleaned_text(source) == expected


@pytest.mark.parametrize("name", ["verbatim", "verbatim*", "lstlisting", "Verbatim", "minted"])
def test_verbatim_text_stays_as_it_is(name: str):
    inside = f"\\begin{{{name}}}[x]\n  % no comment   \n\n\n\n\\input{{x}} {{ $\n\\end{{{name}}}"
    assert cleaned_text(f"a % b\n\n\n{inside}\nc % d\n") == f"a\n\n{inside}\nc\n"
    assert not syntax_faults(f"a\n{inside}\n")


def test_the_document_environment_is_what_counts():
    preamble = "\\documentclass{article}\n\\newcommand{\\R}{r}\n%\\begin{document}\n"
    source = f"{preamble}\\begin{{document}}\nText.\n\\end{{document}}\nafter"
    assert cleaned_text(source) == "Text.\n"
    assert cleaned_text("no document\nat all\n") == "no document\nat all\n"
    assert cleaned_text("\\begin{document}\nopen") == "open\n"


PREAMBLE = r"""
\newcommand{\R}{\mathbb{R}}
\newcommand\set[1]{\{#1\}}
\newcommand{\pair}[2][0]{(#1,#2)}
\def\eps{\varepsilon}
\def\both#1#2{#1\eps#2}
\DeclareMathOperator{\Hom}{Hom}
\DeclareMathOperator*{\colim}{colim}
\def\strange#1;{#1}
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"$\R^n$", r"$\mathbb{R}^n$"),
        (r"\R x", r"\mathbb{R} x"),
        (r"\Rx \RR", r"\Rx \RR"),
        (r"\set{a,\R}", r"\{a,\mathbb{R}\}"),
        (r"\set a", r"\{a\}"),
        (r"\set abc", r"\{a\}bc"),
        (r"\set\R", r"\{\mathbb{R}\}"),
        (r"\pair{x} \pair[1]{y} \pair[\R]z", r"(0,x) (1,y) (\mathbb{R},z)"),
        (r"\eps n, \eps1", r"\varepsilon n, \varepsilon1"),
        (r"\both{a}{b}", r"a\varepsilon b"),
        (r"\Hom(A,B) \colim_i", r"\operatorname{Hom}(A,B) \operatorname*{colim}_i"),
        (r"\strange x;", r"\strange x;"),
        (r"\renewcommand{\R}{\mathbf R}\R", r"\mathbf R"),
        (r"\providecommand{\R}{no}\R", r"\mathbb{R}"),
        (r"\newcommand{\a}[1]{\newcommand{\b}[1]{#1##1}}\a{x}\b{y}", "xy"),
        (r"\def\open{\set}\open{x}", r"\{x\}"),
        (r"\verb|\R| \R", r"\verb|\R| \mathbb{R}"),
    ],
)
def test_macros_are_expanded(source: str, expected: str):
    document = f"{PREAMBLE}\\begin{{document}}\n{source}\n\\end{{document}}"
    assert cleaned_text(document, "expand") == f"{expected}\n"
    assert cleaned_text(document, "keep") == f"{source}\n"


def test_a_definition_leaves_no_line_behind():
    assert cleaned_text("a\n\\newcommand{\\R}{r}\n\\def\\x{y}  \nb \\R", "expand") == "a\nb r\n"


@pytest.mark.parametrize(
    ("source", "expected", "fault"),
    [
        (r"\def\a{\a x}1\a 2", None, r"\a stands for itself without end"),
        (r"\def\a{\b\b}\def\b{\a\a}\a", None, "stands for itself without end"),
        (r"\newcommand{\f}[2]{#2#1}\f{a", r"\f{a", r"\f lacks an argument"),
        (r"\newcommand{\f}[1]{#1}{\f}", r"{\f}", r"\f lacks an argument"),
    ],
)
def test_what_cannot_be_expanded_is_told_and_left(source: str, expected: str | None, fault: str):
    faults: list[str] = []
    result = Macros().expand(source, faults)
    assert expected in (None, result)
    assert fault in faults[0]


@pytest.mark.parametrize(
    "source",
    [
        r"\newcommand",
        r"\newcommand{\f}[x]{y}",
        r"\def\f",
        r"\def f{x}",
        r"\newcommand{\f}{x",
        r"\DeclareMathOperator{\f}",
    ],
)
def test_a_broken_definition_stays(source: str):
    assert Macros().expand(source, []) == source


@given(st.text("\\ab{}[]#1 *\n", max_size=60))
def test_expansion_of_nothing_is_nothing(source: str):
    assert Macros().expand(source, []) == source


COMMANDS = r"""$$ #1 \% \begin{a} \end{a} \begin{verbatim} \end{verbatim} \begin{document} \end{document}
\newcommand \def \x \verb \[ \) \input{b}"""
PIECES = st.sampled_from([*"{}$%\\a[]\n ", *COMMANDS.split()])


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_source_stops_anything(source: str):
    assert isinstance(cleaned_text(source), str)
    assert isinstance(cleaned_text(source, "expand"), str)
    assert all(1 <= line <= source.count("\n") + 1 for line, _ in syntax_faults(source))
    joined = "".join(lexeme.text for lexeme in lexemes(source))
    if "%" not in source:
        assert joined == source


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("{a}\n\\begin{b}$x$\\end{b}\n\\[y\\] $$z$$ $a$$b$", []),
        ("a}\n", [(1, "} closes nothing")]),
        ("\n{a", [(2, "{ is never closed")]),
        ("\\{ \\} \\$ % { $ \\begin{x}", []),
        ("\\begin{a}\n\\begin{b}\n\\end{a}", [(2, "\\begin{b} is not ended before \\end{a}")]),
        ("\\end{a}", [(1, "\\end{a} ends nothing")]),
        ("\n\n\\begin{a}", [(3, "\\begin{a} is never ended")]),
        ("a $x\n\nb", [(1, "$ is not closed before the paragraph ends")]),
        ("$x", [(1, "$ is never closed")]),
        ("\\)", [(1, "\\) closes nothing")]),
        ("$$a$b$$", [(1, "$ within $$")]),
        ("\\[ \\mbox{$x$} \\]", []),
        ("\n\\begin{verbatim}\n{", [(2, "verbatim text or a comment that is never ended")]),
        (
            "\\newcommand{\\be}{\\begin{equation}}\\newenvironment{x}{\\begin{y}}{\\end{y}}\\def\\ee{\\end{equation}$}",
            [],
        ),
        ("} $ \\begin{x}\n\\begin{document}\na\n\\end{document}", []),
        ("\\begin{document}\n}\n\\end{document}", [(2, "} closes nothing")]),
    ],
)
def test_faults_of_syntax(source: str, faults: list[tuple[int, str]]):
    assert syntax_faults(source) == faults


def project(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / f"{name.replace('__', '/')}.tex"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def read(*paths: Path, **settings: str) -> tuple[dict[str, str], list[str]]:
    faults: list[Fault] = []
    corpus = Latex([str(path) for path in paths], **settings)  # type: ignore[arg-type]
    return {document.name: document.text for document in corpus.documents(faults)}, list(map(str, faults))


MAIN = r"""\documentclass{book}
\input{macros}
\begin{document}
First.
\include{chapters/one}
\subfile{two}
\end{document}
"""


def test_a_project_is_one_document(tmp_path: Path):
    folder = project(
        tmp_path,
        main=MAIN,
        macros="\\newcommand{\\R}{\\mathbb{R}}\n",
        chapters__one="One: $\\R$. \\input{chapters/more}\n",
        chapters__more="More. % not this\n",
        two="\\documentclass[main]{subfiles}\n\\begin{document}\nTwo.\n\\end{document}\n",
    )
    (tmp_path / "notes.txt").write_text("no LaTeX")
    expected = "First.\n\nOne: $%s$. More.\n\nTwo.\n"
    told = ["notes.txt: is no .tex file; left out (the reader files takes it)"]
    assert read(folder) == ({"main.tex": expected % "\\R"}, told)
    assert read(folder / "main.tex") == ({"main.tex": expected % "\\R"}, [])
    assert read(folder, macros="expand") == ({"main.tex": expected % "\\mathbb{R}"}, told)


def test_files_of_a_folder_that_read_nothing_are_documents(tmp_path: Path):
    folder = project(tmp_path, b="B", a="A", sub__c="C")
    assert list(read(folder)[0]) == ["a.tex", "b.tex", "sub/c.tex"]
    assert list(read(folder, folder / "a.tex")[0]) == [
        f"{tmp_path.name}/a.tex",
        f"{tmp_path.name}/b.tex",
        f"{tmp_path.name}/sub/c.tex",
        "a.tex",
    ]


def test_what_is_missing_stays_and_is_told(tmp_path: Path):
    folder = project(
        tmp_path, main="a\n\\input{gone} % \\input{gone2}\n\\newcommand{\\i}[1]{\\input{#1}}\n\\verb|\\input{x}|\n"
    )
    texts, faults = read(folder)
    assert "\\input{gone}\n" in texts["main.tex"]
    assert faults == ["main.tex, line 2: there is no file gone in this folder; \\input{gone} stays as it is"]


def test_links_are_followed_inside_of_the_folder_alone(tmp_path: Path):
    folder = project(tmp_path / "inside", main="Main.\n", sub__a="A\n")
    (tmp_path / "away.tex").write_text("away")
    (folder / "out.tex").symlink_to(tmp_path / "away.tex")
    (folder / "same.tex").symlink_to(folder / "main.tex")
    (folder / "round.tex").symlink_to(folder / "round.tex")
    texts, faults = read(folder)
    assert texts == {"main.tex": "Main.\n", "sub/a.tex": "A\n"}
    assert faults == [
        "out.tex: is a link that leads out of this folder; left out",
        "round.tex: is no file that can be read; left out",
    ]
    # A link that is named itself is read where it leads to.
    assert read(folder / "out.tex") == ({"away.tex": "away\n"}, [])


def test_a_name_that_can_be_none_is_a_missing_file(tmp_path: Path):
    folder = project(tmp_path, main=f"\\input{{{'x' * 300}}} a\n\\input{{round}} b\n")
    (folder / "round.tex").symlink_to(folder / "round.tex")
    (folder / "sub").symlink_to(folder / "sub")
    texts, faults = read(folder / "main.tex")
    assert texts["main.tex"].endswith("b\n")
    assert [fault.partition(": ")[2][:18] for fault in faults] == ["there is no file x", "there is no file r"]


def test_a_circle_is_told(tmp_path: Path):
    folder = project(tmp_path, a="A \\input{b} a\n", b="B \\input a b\n")
    texts, faults = read(folder)
    assert texts == {"a.tex": "A B \\input a b\n a\n"}
    assert faults == ["b.tex, line 1: a.tex is being read already; \\input a stays as it is"]


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path):
    (tmp_path / "secret.tex").write_text("secret")
    folder = project(tmp_path / "inside", main="\\input{../secret}\n\\input{/etc/hostname}\n")
    texts, faults = read(folder)
    assert texts["main.tex"] == "\\input{../secret}\n\\input{/etc/hostname}\n"
    assert len(faults) == 2


def test_files_that_multiply_have_an_end(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("abacist.text.latex.project.LONGEST", 10_000)
    chain = {f"f{n}": f"\\input{{f{n + 1}}}\\input{{f{n + 1}}}\n" for n in range(30)}
    texts, faults = read(project(tmp_path, **chain, f30="x"))
    assert len(texts["f0.tex"]) < 40_000
    assert "already" in faults[0]


def test_broken_source_is_listed_and_kept(tmp_path: Path):
    folder = project(tmp_path, main="\\begin{document}\nText {\n\\begin{x}\n\\end{document}\n")
    texts, faults = read(folder)
    assert texts == {"main.tex": "Text {\n\\begin{x}\n"}
    assert faults == ["main.tex, line 2: { is never closed", "main.tex, line 3: \\begin{x} is never ended"]


def test_nothing_to_read_is_one_clear_line(tmp_path: Path):
    with pytest.raises(DataError, match=r"no file that ends in \.tex in this folder"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"holds no text: main\.tex: holds no text beside"):
        read(project(tmp_path, main="% nothing\n"))
    with pytest.raises(SettingsError, match="macros must be one of keep, expand"):
        Latex(["a.tex"], "drop")  # type: ignore[arg-type]


def test_real_chapters_have_no_fault_but_the_files_that_are_not_there(data_folder: Path):
    texts, faults = read(data_folder / "stacks")
    assert len(texts) == 25
    assert len(faults) == 50
    assert all("there is no file" in fault for fault in faults)
    assert all(text.startswith("\\title{") and "%" not in text.replace("\\%", "") for text in texts.values())


BLANKS = " \t" * 500_000


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"a{BLANKS}b", f"a{BLANKS}b\n"),
        (f"a{BLANKS}% c\nb", "a\nb\n"),
        (f"a{BLANKS}\nb", "a\nb\n"),
        (f"a\\ {BLANKS}b", f"a\\ {BLANKS}b\n"),
    ],
    ids=["within a line", "before a comment", "at the end of a line", "behind a command"],
)
def test_a_million_blanks_are_no_hindrance(source: str, expected: str):
    assert cleaned_text(source) == expected


def test_macros_that_double_are_left():
    faults: list[str] = []
    text = Macros().expand("\\newcommand{\\a}[1]{\\a{#1#1}}\\a{x} and on", faults)
    assert faults == ["\\a stands for more than 4,194,304 characters; left as it is from here on"]
    assert text.startswith("\\a{xx")
    assert text.endswith("x} and on")
    assert len(text) < macros.LONGEST
    # What is long and has an end is written out.
    long = "y" * 100_000
    assert (
        Macros().expand(f"\\newcommand{{\\b}}[1]{{#1#1}}\\b{{{long}}} \\b{{{long}}}", faults[1:])
        == f"{long * 2} {long * 2}"
    )


def test_arguments_that_are_never_there_are_not_looked_for_without_end():
    source = "\\f{" * 40_000
    faults: list[str] = []
    tried: list[str] = []
    table = Macros()
    arguments = macros._arguments
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(macros, "_arguments", lambda macro, tokens: tried.append("") or arguments(macro, tokens))
        assert table.expand(f"\\newcommand{{\\f}}[1]{{(#1)}}{source}", faults) == source
    assert len(tried) < 100
    assert faults[-1].startswith("too many arguments are not all there")


def test_many_faults_have_their_lines():
    count = 200_000
    assert syntax_faults("{\n" * count)[-1] == (count, "{ is never closed")
    nested = "\\begin{a}" * count + "\\end{b}" * count
    assert len(syntax_faults(nested)) == 2 * count
