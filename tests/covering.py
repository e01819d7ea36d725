"""A covering array: few sets of answers in which every pair of choices meets at least once."""

from itertools import combinations, product

Answers = dict[str, str]
Pair = frozenset[tuple[str, str]]


def covering(choices: dict[str, list[str]], unsupported: list[Answers]) -> list[Answers]:
    """Return sets of answers that cover every supported pair, greedily and always the same.

    Each set starts from the first pair that is still missing and takes, question by question, the
    choice that covers most of what is missing beside it.
    """
    missing = _pairs(choices, unsupported)
    rows: list[Answers] = []
    while missing:
        row = dict(min(missing, key=sorted))
        for question in sorted(choices, key=lambda name: -len(choices[name])):
            if question not in row:
                allowed = [
                    c for c in choices[question] if _supported(row | {question: c}, unsupported)
                ]
                row[question] = max(
                    allowed, key=lambda c: len(_within(row | {question: c}) & missing)
                )
        missing -= _within(row)
        rows.append({question: row[question] for question in choices})
    return rows


def each_choice(rows: list[Answers]) -> list[Answers]:
    """Return few of `rows` in which every choice is still met, greedily."""
    missing = {item for row in rows for item in row.items()}
    chosen = []
    while missing:
        row = max(rows, key=lambda row: len(missing & row.items()))
        missing -= row.items()
        chosen.append(row)
    return chosen


def _pairs(choices: dict[str, list[str]], unsupported: list[Answers]) -> set[Pair]:
    return {
        frozenset([(first, a), (second, b)])
        for first, second in combinations(choices, 2)
        for a, b in product(choices[first], choices[second])
        if _supported({first: a, second: b}, unsupported)
    }


def _within(row: Answers) -> set[Pair]:
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _supported(row: Answers, unsupported: list[Answers]) -> bool:
    return not any(pair.items() <= row.items() for pair in unsupported)
