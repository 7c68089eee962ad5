"""The numbered steps of a verification: the reference page lists them from here."""

from __future__ import annotations

__all__ = ["STEPS"]

STEPS: dict[str, str] = {
    "E-1": "the folder holds plain files under a bundle's names, and no link, pipe or other file",
    "E-2": "the envelope is DSSE, of in-toto's payload type, in its one spelling",
    "E-3": "the statement is in-toto v1 in canonical JSON, its parts in order, each once",
    "E-4": "all signers that the statement names have signed, nobody else, and each verifies",
    "E-5": "every signer that you pinned is among them",
    "E-6": "each signature is stamped by as many pinned authorities as you ask for",
    "E-7": "every part is there with its SHA-256, and no part is there that is not signed",
    "E-8": "every part has its Merkle root",
    "E-9": "tables are commitments, and what is opened fits them",
    "E-10": "the case is in its form, and the parts that it names are there",
    "E-11": "daily digests are in the signed log, each in its place",
    "E-12": "every exchange is under the digest of its own day",
    "E-13": "every daily digest was stamped within 36 hours of its day's end",
    "E-14": "the log of daily digests is one log: days in order, each note continued by the last",
    "E-15": "revealed watermark keys open their commitments and are keys of the plan",
    "E-16": "commitments were stamped before their beacon's round and before the first query",
    "E-17": "the test plan was stamped before the first query",
    "E-18": "the results answer that plan: each test, key, suspect and control, these transcripts",
    "E-19": "times fit: terms, acceptance, exchanges; custody in order; none after signing",
    "E-20": "the matrix says what the bundle holds",
    "E-21": "each member of a joint bundle signed its own statement, and this one",
    "E-22": "VERIFY.txt holds the commands for this bundle",
}
"""What each step requires."""
