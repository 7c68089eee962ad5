"""Answers as the four APIs give them, whole and streamed, each with reasoning in it."""

from __future__ import annotations

import json

from stillwatch.stop.interface import Shape

TRACE = "SECRET-TRACE"
SUMMARY = "a summary"
TEXT = ("The answer", " is", " forty-two é.")


def lines(*events, named=False, end="\n", done=True):
    made = []
    for event in events:
        if named:
            made.append(f"event: {event['type']}{end}")
        made.append(f"data: {json.dumps(event, ensure_ascii=False)}{end}{end}")
    if done:
        made.append(f"data: [DONE]{end}{end}")
    return "".join(made).encode()


def chat_stream():
    def chunk(delta, finish=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": "c1",
            "object": "chat.completion.chunk",
            "model": "m",
            "choices": [choice],
        } | more

    usage = {
        "prompt_tokens": 11,
        "completion_tokens": 40,
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    return b": ping\n\n" + lines(
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": TRACE}),
        chunk({"reasoning": TRACE, "reasoning_details": [
            {"type": "reasoning.text", "text": TRACE},
            {"type": "reasoning.summary", "summary": SUMMARY},
        ]}),
        *(chunk({"content": part}) for part in TEXT),
        chunk({}, "stop"),
        {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": usage},
    )  # fmt: skip


def responses_stream():
    reasoning = {
        "id": "r",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": SUMMARY}],
    }
    traced = reasoning | {"content": [{"type": "reasoning_text", "text": TRACE}]}
    message = {"type": "message", "content": [{"type": "output_text", "text": "".join(TEXT)}]}
    usage = {
        "input_tokens": 11,
        "output_tokens": 40,
        "output_tokens_details": {"reasoning_tokens": 30},
    }
    started = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    events = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "item": reasoning | {"content": []}},
        {"type": "response.reasoning_text.delta", "delta": TRACE},
        {"type": "response.reasoning_text.done", "text": TRACE},
        {"type": "response.content_part.done", "part": {"type": "reasoning_text", "text": TRACE}},
        {"type": "response.reasoning_summary_text.delta", "delta": SUMMARY},
        {"type": "response.output_item.done", "item": traced},
        *({"type": "response.output_text.delta", "delta": part} for part in TEXT),
        {
            "type": "response.completed",
            "response": started
            | {"status": "completed", "output": [traced, message], "usage": usage},
        },
    ]
    numbered = [event | {"sequence_number": n} for n, event in enumerate(events)]
    return lines(*numbered, named=True, done=False)


def anthropic_stream():
    message = {"id": "msg", "type": "message", "role": "assistant", "content": [], "model": "m"}
    start = message | {"usage": {"input_tokens": 11, "output_tokens": 1}}

    def opens(index, **block):
        return {"type": "content_block_start", "index": index, "content_block": block}

    def delta(index, **more):
        return {"type": "content_block_delta", "index": index, "delta": more}

    def closes(index):
        return {"type": "content_block_stop", "index": index}

    ended = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 40}}
    return lines(
        {"type": "message_start", "message": start},
        opens(0, type="thinking", thinking=""),
        {"type": "ping"},
        delta(0, type="thinking_delta", thinking=TRACE),
        delta(0, type="signature_delta", signature="sig"),
        closes(0),
        opens(1, type="text", text=""),
        *(delta(1, type="text_delta", text=part) for part in TEXT),
        closes(1),
        {"type": "message_delta"} | ended,
        {"type": "message_stop"},
        named=True,
        done=False,
    )


def gemini_chunks():
    def chunk(parts, finish=None, **more):
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}}
        ended = {"finishReason": finish} if finish else {}
        return {"candidates": [candidate | ended], "modelVersion": "m", "responseId": "g"} | more

    usage = {"promptTokenCount": 11, "candidatesTokenCount": 10, "thoughtsTokenCount": 30}
    return [
        chunk([{"text": TRACE, "thought": True}]),
        chunk([{"text": TRACE, "thought": True, "thoughtSignature": "sig"}, {"text": TEXT[0]}]),
        *(chunk([{"text": part}]) for part in TEXT[1:]),
        chunk([], "STOP", usageMetadata=usage),
    ]


STREAMS = {
    Shape.OPENAI_CHAT: chat_stream(),
    Shape.OPENAI_RESPONSES: responses_stream(),
    Shape.ANTHROPIC_MESSAGES: anthropic_stream(),
    Shape.GEMINI: lines(*gemini_chunks(), end="\r\n", done=False),
}
FINISH = {
    Shape.OPENAI_CHAT: "stop",
    Shape.OPENAI_RESPONSES: "completed",
    Shape.ANTHROPIC_MESSAGES: "end_turn",
    Shape.GEMINI: "STOP",
}
WHOLE = {
    Shape.OPENAI_CHAT: {
        "id": "c1",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "".join(TEXT),
                    "reasoning_content": TRACE,
                    "thinking_blocks": [{"thinking": TRACE}],
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 40,
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
    },
    Shape.OPENAI_RESPONSES: json.loads(STREAMS[Shape.OPENAI_RESPONSES].split(b"data: ")[-1])[
        "response"
    ],
    Shape.ANTHROPIC_MESSAGES: {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": TRACE, "signature": "sig"},
            {"type": "text", "text": "".join(TEXT)},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 11, "output_tokens": 40},
    },
    Shape.GEMINI: gemini_chunks(),
}
