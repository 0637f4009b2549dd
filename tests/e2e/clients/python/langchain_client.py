"""Asks a server with LangChain. Prints one JSON object."""

import json
import os

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

COMMON = {"base_url": os.environ["BASE_URL"], "api_key": "none is needed", "max_retries": 0}
QUESTION = HumanMessage("When does the ferry to Grimsay leave?")
FOLLOW_UP = HumanMessage("What does a ticket for it cost?")


def tried(**more):
    model = ChatOpenAI(model=os.environ["MODEL"], max_tokens=8, **COMMON, **more)
    first = model.invoke([QUESTION])
    history = [SystemMessage("Be brief."), AIMessage("Hello!"), QUESTION, first, FOLLOW_UP]
    return {
        "answer": first.text,
        "input_tokens": first.usage_metadata["input_tokens"],
        "again": model.invoke(history).text,
        "streamed": "".join(chunk.text for chunk in model.stream([QUESTION])),
    }


# By default texts are sent as token ids of cl100k_base.
embeddings = OpenAIEmbeddings(model="all-minilm-l6-v2", **COMMON)
as_texts = OpenAIEmbeddings(model="all-minilm-l6-v2", check_embedding_ctx_length=False, **COMMON)
TEXT = "Where does the boat to Grimsay leave?"
vector, same = embeddings.embed_query(TEXT), as_texts.embed_query(TEXT)

print(
    json.dumps(
        {
            "chat": tried(),
            "responses": tried(use_responses_api=True),
            "embedded": len(embeddings.embed_documents([f"Berth {i}" for i in range(1200)])),
            "similarity": sum(a * b for a, b in zip(vector, same)),
        }
    )
)
