"""Answers on their way to the client: what is withheld, held, checked and counted of them."""

from stillwatch.stop.responses.answers.filter import AnswerFilter

__all__ = ["AnswerFilter"]
