"""Answers on their way to the client: what is withheld, held, checked and counted of them."""

from stillwatch.stop.responses.answers.filter import AnswerFilter, phrase_check

__all__ = ["AnswerFilter", "phrase_check"]
