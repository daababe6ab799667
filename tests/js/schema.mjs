// Asks for a stream with a schema as response_format. Writes each value that a chunk gives and the
// status at the end, one JSON text a line.
const [sdk, baseURL, apiKey, schema, options] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const stream = await openai.chat.completions.create({
  model: "gpt-4o",
  messages: [{ role: "user", content: "A user as JSON." }],
  stream: true,
  response_format: {
    type: "json_schema",
    json_schema: { name: "user", strict: true, schema: JSON.parse(schema) },
  },
  stream_options: { valid_json_chunks: JSON.parse(options) },
});
for await (const chunk of stream) {
  const [choice] = chunk.choices;
  if (!choice?.delta?.content) continue;
  const value = JSON.parse(choice.delta.content);
  console.log(JSON.stringify({ value, status: choice.json_status ?? null }));
}
