"""Words that the window and reports share; the window's own test covers their forms."""

from __future__ import annotations

from engine.protocol.words import METRIC_WORDS, metric_phrase, metric_text, metric_words, plural


def test_that_metrics_are_named_with_their_split_and_shares_are_percent() -> None:
    assert metric_words("val/map50") == "Validation mAP 50"
    assert metric_phrase("val/accuracy") == "validation accuracy"
    assert metric_text("val/accuracy", 0.875) == "87.5%"
    assert metric_text("val/loss", 0.875) == "0.875"
    assert plural(1, "class", "classes") == "1 class"
    assert plural(1200, "class", "classes") == "1,200 classes"


def test_that_every_word_begins_with_a_capital_or_is_a_name() -> None:
    assert [
        words for words in METRIC_WORDS.values() if words[0].islower() and not words.startswith("mAP")
    ] == []
