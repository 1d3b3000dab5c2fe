from random import Random

import pytest

from dangol.showcase import words_en, words_ko
from dangol.showcase.voices import VOICES
from dangol.showcase.words import Word, answer_text, fill, letter_text


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("문 클래식 버거", "문 클래식 버거를"),
        ("고구마튀김", "고구마튀김을"),
        ("1234", "1234를"),  # 사
        ("1236", "1236을"),  # 육
        ("fries", "fries를"),
    ],
)
def test_a_word_brings_the_particle_that_fits_its_last_sound(word, said):
    assert f"{Word(word):을}" == said
    assert f"{Word(word)}" == word


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_text_has_a_gap_that_nothing_fills(language):
    voice = VOICES[language]
    for number, matter in enumerate(voice.matters):
        random = Random(number)
        gaps = fill(voice, random)
        texts = [*matter.subjects, *matter.asks, *matter.answers, *matter.notes]
        texts += [text for pair in matter.more for text in pair]
        for text in texts:
            filled = text.format_map(gaps)
            assert "{" not in filled
            assert filled.strip() == filled


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_question_has_its_own_answer(language):
    for matter in VOICES[language].matters:
        assert len(matter.asks) == len(matter.answers), matter.topic


def test_both_languages_know_the_same_matters():
    topics = {language: [matter.topic for matter in voice.matters] for language, voice in VOICES.items()}
    assert sorted(topics["en"]) == sorted(topics["ko"])
    assert len(set(topics["en"])) == len(topics["en"]) > 25


def test_korean_texts_are_korean_and_english_ones_are_not():
    for matters, is_korean in ((words_ko.VISITS, True), (words_en.VISITS, False)):
        for matter in matters:
            for text in (*matter.asks, *matter.answers):
                assert any("가" <= letter <= "힣" for letter in text) is is_korean


def test_a_letter_is_signed_by_its_writer_or_by_nobody():
    voice = VOICES["ko"]
    texts = {
        letter_text(voice, Random(seed), "{dish:이} 식었어요.", "박지훈", fill(voice, Random(1)))
        for seed in range(40)
    }
    assert any("박지훈 드림" in text for text in texts)
    assert all("{" not in text and "식었어요" in text for text in texts)


def test_an_answer_greets_by_name():
    voice = VOICES["ko"]
    assert "박지훈님" in answer_text(voice, Random(3), "네.", "박지훈", {})
