"""What the ASGI pieces share: errors as OpenAI writes them, bodies, disconnects, encodings."""
