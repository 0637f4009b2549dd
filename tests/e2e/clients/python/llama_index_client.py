"""Asks a server with LlamaIndex. Prints one JSON object."""

import json
import os

from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike

COMMON = {"api_base": os.environ["BASE_URL"], "api_key": "none is needed", "max_retries": 0}
SETTINGS = {"is_chat_model": True, "context_window": 8192, "max_tokens": 8, "temperature": 0.0}
model = OpenAILike(model=os.environ["MODEL"], **SETTINGS, **COMMON)
embedding = OpenAILikeEmbedding(model_name="all-minilm-l6-v2", **COMMON)
QUESTION = ChatMessage(role="user", content="When does the ferry to Grimsay leave?")

first = model.chat([QUESTION])
history = [
    ChatMessage(role="system", content="Be brief."),
    QUESTION,
    first.message,
    ChatMessage(role="user", content="What does a ticket for it cost?"),
]
print(
    json.dumps(
        {
            "answer": first.message.content,
            "again": model.chat(history).message.content,
            "streamed": "".join(chunk.delta or "" for chunk in model.stream_chat([QUESTION])),
            "completed": model.complete(QUESTION.content).text,
            "dimensions": [len(one) for one in embedding.get_text_embedding_batch(["one", "two"])],
        }
    )
)
