"""Splink and recordlinkage over the same people and queries: run by `benchmarks.identity.peers` in their environment.

`python identity_peers.py IN OUT`: IN is JSON with `people` and `queries`, lists of objects with `id`, `first`, `last`,
`date`, `state`, `number` (null where not given), and `with_number`. OUT becomes a list of results: a name, seconds,
how many pairs were compared, and for every query its best person, the score, and the score of the next best.

Both are set up as their guides say: fields compared by Jaro-Winkler, rare values weigh more (Splink), weights learned
without labels. Neither is told which pairs are true.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

FIELDS = ("first", "last", "date", "state")
AGREES = 0.8
"""The similarity from which recordlinkage's classifier takes two names for the same."""
LEARNED_FROM = 100_000
"""Random pairs from which recordlinkage's classifier learns how often fields agree by chance."""
Best = list[tuple[str, str, float, float | None]]


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    people, queries = pd.DataFrame(given["people"]), pd.DataFrame(given["queries"])
    fields = (*FIELDS, "number") if given["with_number"] else FIELDS
    results = [by_splink(people, queries, fields), *by_recordlinkage(people, queries, fields)]
    Path(sys.argv[2]).write_text(json.dumps(results), encoding="utf-8")


def by_splink(people: pd.DataFrame, queries: pd.DataFrame, fields: tuple[str, ...]) -> dict[str, Any]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    begun = time.perf_counter()
    database = DuckDBAPI()
    comparisons = [
        cl.JaroWinklerAtThresholds("first", [0.92, 0.88, 0.7]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("last", [0.92, 0.88, 0.7]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date", [1, 2]),
        cl.ExactMatch("state").configure(term_frequency_adjustments=True),
    ]
    rules = [
        block_on("first", "last"), block_on("last", "date"), block_on("first", "date"), block_on("last", "state"),
        block_on("date", "state"), block_on("first", "state"), block_on("substr(last, 1, 4)", "substr(first, 1, 2)"),
    ]  # fmt: skip
    if "number" in fields:
        comparisons.append(cl.ExactMatch("number"))
        rules.append(block_on("number"))
    columns = ["id", *fields]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        probability_two_random_records_match=1 / len(people),
    )
    tables = [
        database.register(people[columns], dataset_display_name="people"),
        database.register(queries[columns], dataset_display_name="queries"),
    ]
    linker = Linker(tables, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("last", "date"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first", "state"))
    pairs = linker.inference.predict(threshold_match_weight=-40).as_pandas_dataframe()
    swapped = pairs["source_dataset_l"] == "queries"
    pairs["person"] = pairs["id_l"].where(~swapped, pairs["id_r"])
    pairs["query"] = pairs["id_r"].where(~swapped, pairs["id_l"])
    best = best_of(pairs["query"].tolist(), pairs["person"].tolist(), pairs["match_weight"].tolist())
    return result("Splink", begun, len(pairs), best)


def by_recordlinkage(people: pd.DataFrame, queries: pd.DataFrame, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    import recordlinkage

    begun = time.perf_counter()
    people, queries = people.set_index("id"), queries.set_index("id")
    indexer = recordlinkage.Index()
    blocks = [["first", "last"], ["last", "date"], ["first", "date"], ["date", "state"]]
    for block in [*blocks, ["number"]] if "number" in fields else blocks:
        indexer.block(block)
    links = indexer.index(queries, people)
    compare = recordlinkage.Compare()
    compare.string("first", "first", method="jarowinkler", label="first")
    compare.string("last", "last", method="jarowinkler", label="last")
    compare.string("date", "date", method="damerau_levenshtein", label="date")
    compare.exact("state", "state", label="state")
    if "number" in fields:
        compare.exact("number", "number", label="number")
    vectors = compare.compute(links, queries, people)
    asked = links.get_level_values(0).tolist()
    found = links.get_level_values(1).tolist()
    summed = best_of(asked, found, vectors.sum(axis=1).tolist())
    results = [result("recordlinkage, sum", begun, len(links), summed)]
    classifier = recordlinkage.ECMClassifier(binarize=AGREES)
    # Beside the pairs of the blocks, which agree in something, it learns from pairs drawn at random.
    drawn = recordlinkage.Index()
    drawn.random(LEARNED_FROM, random_state=1)
    others = compare.compute(drawn.index(queries, people), queries, people)
    classifier.fit(pd.concat([vectors, others[~others.index.isin(vectors.index)]]))
    # The sum of the weights that it learned: its chances are all but one, and so alike.
    weights = {name: levels[1.0] - levels[0.0] for name, levels in classifier.log_weights.items()}
    learned_scores = sum((vectors[name] > AGREES) * weight for name, weight in weights.items())
    learned = best_of(asked, found, learned_scores.tolist())
    return [*results, result("recordlinkage, ECM", begun, len(links), learned)]


def best_of(queries: list[str], people: list[str], scores: list[float]) -> Best:
    """Return for every query its best person, the score, and the next best score (None where there is no other)."""
    best: dict[str, list[tuple[float, str]]] = {}
    for query, person, score in zip(queries, people, scores, strict=True):
        best.setdefault(query, []).append((score, person))
    ranked = []
    for query, candidates in best.items():
        candidates.sort(reverse=True)
        ranked.append((query, candidates[0][1], candidates[0][0], candidates[1][0] if len(candidates) > 1 else None))
    return ranked


def result(name: str, begun: float, pairs: int, best: Best) -> dict[str, Any]:
    return {"name": name, "seconds": time.perf_counter() - begun, "pairs": pairs, "best": best}


if __name__ == "__main__":
    main()
