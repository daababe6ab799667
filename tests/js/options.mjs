// Asks for a stream with given options of valid_json_chunks. Writes the header, then each value
// that a chunk gives and the status at the end, one JSON text a line; or the error.
import { applyOperations } from "../../js/apply-operations.mjs";

const [sdk, baseURL, apiKey, options] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const say = (value) => console.log(JSON.stringify(value));
try {
  const asked = openai.chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: "user", content: "A user as JSON." }],
    stream: true,
    stream_options: { valid_json_chunks: JSON.parse(options) },
  });
  const { data: stream, response } = await asked.withResponse();
  const mode = response.headers.get("x-valid-json-chunks");
  say({ mode });
  let value = null;
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    if (!choice?.delta?.content) continue;
    const content = JSON.parse(choice.delta.content);
    value = mode === "patch" ? applyOperations(value, content) : content;
    say({ value, length: choice.delta.content.length, status: choice.json_status ?? null });
  }
} catch (error) {
  say({ status: error.status, param: error.param, message: error.message });
}
