// The JavaScript example of the feature's first description, with address and key as arguments.
// Writes what it parsed, one JSON text a line.
const [sdk, baseURL, apiKey, type] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey });

const formats = {
  json_object: { type: "json_object" },
  json_schema: {
    type: "json_schema",
    json_schema: {
      name: "user",
      schema: { type: "object", properties: { name: { type: "string" }, age: { type: "number" } } },
    },
  },
};

const completion = await openai.chat.completions.create({
  model: "gpt-4o",
  metadata: { agent_id: "my-agent" },
  messages: [{ role: "user", content: "A user as JSON." }],
  response_format: formats[type],
  stream: true,
  stream_options: {
    //@ts-expect-error - valid_json_chunks is not supported by OpenAI
    valid_json_chunks: true,
  },
});

for await (const chunk of completion) {
  if (chunk.choices[0].delta.content) {
    console.log(JSON.stringify(JSON.parse(chunk.choices[0].delta.content)));
  }
}
