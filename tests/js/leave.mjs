// Reads a stream as the SDK does, with the option or without, and ends when the SDK says so.
const [sdk, baseURL, flag] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey: "k", maxRetries: 0 });

const stream = await openai.chat.completions.create({
  model: "m",
  messages: [],
  stream: true,
  ...(flag === "true" && { stream_options: { valid_json_chunks: true } }),
});
let reason;
for await (const chunk of stream) reason = chunk.choices[0].finish_reason;
if (reason !== "stop") throw new Error(`the stream ended with ${reason}`);
process.exit(0);
