// The AI SDK pointed at the gateway: `node ai-sdk.mjs URL CASE`. Writes one JSON text.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, streamObject, streamText } from "ai";
import { z } from "zod";

const [baseURL, provider, use, flag] = process.argv.slice(2);
const DOCUMENT = '{"name": "John Doe", "age": 30}';
const schema = z.object({ name: z.string(), age: z.number() });

const asked = (body) =>
  flag === "with" ? { ...body, stream_options: { valid_json_chunks: true } } : body;
const models = {
  compatible: () =>
    createOpenAICompatible({
      name: "gateway",
      baseURL,
      apiKey: "k",
      supportsStructuredOutputs: true,
      transformRequestBody: asked,
    })("m"),
  // It has no place for members of its own: they go in below it.
  chat: () => createOpenAI({ baseURL, apiKey: "k", fetch: changed }).chat("m"),
  responses: () => createOpenAI({ baseURL, apiKey: "k", fetch: changed })("m"),
};

function changed(url, init) {
  return fetch(url, { ...init, body: JSON.stringify(asked(JSON.parse(init.body))) });
}

const all = async (stream) => {
  const found = [];
  for await (const each of stream) {
    found.push(each);
  }
  return found;
};

let error = null;
const common = {
  model: models[provider](),
  prompt: DOCUMENT,
  maxRetries: 0,
  onError: (event) => (error = event.error),
};
const uses = {
  async text() {
    const result = streamText(common);
    return { parts: await all(result.textStream), text: await result.text };
  },
  async output() {
    const result = streamText({ ...common, output: Output.object({ schema }) });
    return { parts: await all(result.partialOutputStream), value: await result.output };
  },
  async object() {
    const result = streamObject({ ...common, schema });
    return { parts: await all(result.partialObjectStream), value: await result.object };
  },
};

let told;
try {
  told = await uses[use]();
} catch (thrown) {
  error ??= thrown;
}
const failed = error && { status: error.statusCode ?? null, message: String(error.message) };
console.log(JSON.stringify({ ...told, error: failed ?? null }));
