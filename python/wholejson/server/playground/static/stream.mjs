// The page's stream: what the upstream sent and what a client would get, as they happen.

import { readEvents } from "/playground/js/read-stream.mjs";

const PATH = "/playground/v1/chat/completions";

/**
 * Asks the gateway, and gives its mode and what both sides send.
 *
 * @returns {Promise<{ mode: string | null, pieces: AsyncGenerator<{ side: string, bytes: number, text: string }> }>}
 */
export async function ask(request, key, signal) {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  if (key) {
    headers.authorization = `Bearer ${key}`;
  }
  const response = await fetch(PATH, {
    method: "POST",
    headers,
    body: JSON.stringify(request),
    signal,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
  return { mode: response.headers.get("x-valid-json-chunks"), pieces: pieces(response) };
}

async function* pieces(response) {
  for await (const { event, data } of readEvents(response)) {
    yield { side: event, ...JSON.parse(data) };
  }
}

/** The request that the controls describe. */
export function requestOf(controls) {
  const asked = { repair: controls.repair };
  if (controls.mode === "snapshot") {
    asked.max_amplification = null; // all of them, whatever they cost
  } else if (controls.mode === "paced") {
    asked.every_ms = controls.every;
  } else {
    asked.mode = "patch";
  }
  const request = { stream: true, stream_options: { valid_json_chunks: asked } };
  if (controls.source === "document") {
    const pace = controls.speed > 0 ? 1 / controls.speed : 0;
    return { ...request, model: "replay", messages: [], playground: { document: controls.document, pace } };
  }
  if (controls.jsonMode) {
    request.response_format = { type: "json_object" };
  }
  return { ...request, model: controls.model, messages: [{ role: "user", content: controls.prompt }] };
}
