"""The words that our docs, comments and docstrings do not use, and a check for them.

`python -m tests.support.style` counts offences by folder; with paths it lists them.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Folders whose comments are still to be rewritten. A clean one leaves the list.
EXEMPT = ("webapp/services", "webapp/web")

# A pattern for words that are not used, and the word to use.
BANNED = {
    r"anew": "again",
    r"lest": "so that … not",
    r"besides(?=[.,;:)]|\s*$)": "also",
    r"whoever|whomever": "a noun: the caller, the client, the attacker",
    r"of whom|to whom|by whom": "a sentence of its own",
    r"stands?(?! up\b)": "is, lies",
    r"(?:is|are|was|were) to be": "must be, or the tense",
    r"at work": "running",
    r"com(?:e|es|ing) again": "retry",
    r"for nothing": "without effect",
    r"by (?:itself|themselves)": "automatically, alone",
    r"in force(?! (?:threshold|rule))": "current, active",
    r"tell|tells|told|telling": "return, report, distinguish",
    r"say|says|said|saying": "log, return, document, state",
    r"go(?:es|ing)? on|gone on|went on": "continue, resume",
    r"look(?:s|ed|ing)? at": "analyse, detect, inspect",
    r"so many": "the constant's name",
}
RULES = [(re.compile(rf"\b(?:{word})(?!\w)", re.IGNORECASE), use) for word, use in BANNED.items()]
HEADLESS = re.compile(r"(?:^[-*#/\s]*|(?<=[.!:] ))(?:Who|Whose|What) [^?.!]*[.!](?=\s|$)")
PARAGRAPH_CHARACTERS = 500
SENTENCE_WORDS = 25
CODE = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|\]\([^)]*\)|https?://\S+|<[^>]+>")
HASH = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
COMMENTS = {
    ".js": re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL),
    ".css": re.compile(r"/\*.*?\*/", re.DOTALL),
    ".html": re.compile(r"\{#.*?#\}", re.DOTALL),
    **dict.fromkeys((".conf", ".dockerignore", ".service", ".toml", ".yaml", ".yml"), HASH),
    **dict.fromkeys(("Dockerfile", "Makefile"), HASH),
}


@dataclass(frozen=True)
class Offence:
    """A place where the text breaks a rule."""

    path: Path
    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text!r}: {self.remedy}"


def offences(path: Path) -> list[Offence]:
    """Return the offences of a file, in the order of its lines."""
    if path.suffix == ".md":
        return [*_words(path, _prose(path)), *_lengths(path)]
    if path.suffix == ".py":
        return list(_words(path, _python(path)))
    return list(_words(path, _comments(path)))


def files(*names: str) -> list[Path]:
    """Return the tracked files below the names that can be checked."""
    listed = subprocess.run(
        ["git", "ls-files", *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.splitlines() if "/vendor/" not in name]
    return [path for path in paths if _kind(path) in {".md", ".py", *COMMENTS} and path.is_file()]


def is_exempt(path: Path) -> bool:
    """Return whether the file is in EXEMPT or below it."""
    return any(path.is_relative_to(ROOT / name) for name in EXEMPT)


def _words(path: Path, texts: Iterator[tuple[int, str]]) -> Iterator[Offence]:
    for line, text in texts:
        plain = CODE.sub("…", text)
        for rule, remedy in RULES:
            for found in rule.finditer(plain):
                yield Offence(path, line, found[0], remedy)
        for found in HEADLESS.finditer(plain):
            yield Offence(path, line, found[0].lstrip("-*#/ ")[:40], "begin with a noun")


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines outside blocks of code."""
    fenced = False
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


def _lengths(path: Path) -> Iterator[Offence]:
    """Yield paragraphs and sentences that are too long; tables and headings have no bound."""
    for number, line in _prose(path):
        if line.startswith(("|", "#", "!")):
            continue
        text = re.sub(r"\]\([^)]*\)", "]", line)
        if len(text) > PARAGRAPH_CHARACTERS:
            yield Offence(path, number, line[:40], f"a paragraph of {len(text)} characters")
        for sentence in re.split(r'(?<=[.!?:;])[*")”]* ', CODE.sub("X", text)):
            words = len(sentence.split())
            if words > SENTENCE_WORDS:
                yield Offence(path, number, sentence[:40], f"a sentence of {words} words")


def _python(path: Path) -> Iterator[tuple[int, str]]:
    """Yield comments and docstrings, line by line."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.STRING and before in {tokenize.NEWLINE, tokenize.INDENT}:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line.strip('"')
        if token.type not in {tokenize.COMMENT, tokenize.NL, tokenize.DEDENT, tokenize.ENCODING}:
            before = token.type


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text()
    for found in COMMENTS[_kind(path)].finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        for offset, line in enumerate(found[0].splitlines()):
            yield first + offset, line


def _kind(path: Path) -> str:
    """Return the suffix of a file, or its name without one."""
    return path.suffix or path.name


def main(names: list[str]) -> int:
    """Print the offences below `names`, or their numbers by folder."""
    found = [offence for path in files(*names) for offence in offences(path)]
    if names:
        print(*found, sep="\n")
    else:
        folders = Counter("/".join(one.path.relative_to(ROOT).parts[:-1][:3]) for one in found)
        for folder, number in sorted(folders.items()):
            print(f"{number:6} {folder or '.'}")
    print(f"{len(found):6} in all")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
