"""Asks a server with the official client. Prints one JSON object."""

import json
import os

import openai

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="none is needed", max_retries=0)
MODEL = os.environ["MODEL"]
QUESTION = "When does the ferry to Grimsay leave?"
FOLLOW_UP = "What does a ticket for it cost?"


def ask(messages, **more):
    return client.chat.completions.create(model=MODEL, messages=messages, max_tokens=8, **more)


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {"kind": type(error).__name__, "status": error.status_code, "code": error.code, "param": error.param}
    return None


question = {"role": "user", "content": QUESTION}
first = ask([question])
history = [question, first.choices[0].message.model_dump(), {"role": "user", "content": FOLLOW_UP}]
chunks = list(ask([question], stream=True, stream_options={"include_usage": True}))
response = client.responses.create(model=MODEL, input=QUESTION, max_output_tokens=8)
again = client.responses.create(
    model=MODEL,
    input=[question, *[item.model_dump() for item in response.output], {"role": "user", "content": FOLLOW_UP}],
    max_output_tokens=8,
)
# The helper knows answers that ended by themselves only.
with client.responses.stream(model=MODEL, input=QUESTION, max_output_tokens=256) as stream:
    final = stream.get_final_response()
embedded = client.embeddings.create(model="all-minilm-l6-v2", input=["one", "two"])

print(
    json.dumps(
        {
            "version": openai.__version__,
            "models": [model.id for model in client.models.list()],
            "answer": first.choices[0].message.content,
            "again": ask(history).choices[0].finish_reason,
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "usage": chunks[-1].usage.completion_tokens,
            "response": response.output_text,
            "cited": [note.filename for note in response.output[0].content[0].annotations],
            "response_again": again.status,
            "response_streamed": final.output_text,
            "dimensions": [len(one.embedding) for one in embedded.data],
            "unknown_model": refused(lambda: client.chat.completions.create(model="gpt-4o", messages=[question])),
            "two_answers": refused(lambda: ask([question], n=2)),
            "too_long": refused(lambda: ask([{"role": "user", "content": "why " * 10_000}])),
            "completions": refused(lambda: client.completions.create(model=MODEL, prompt="x")),
        }
    )
)
