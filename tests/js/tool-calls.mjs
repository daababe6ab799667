// Asks for a stream with these options of valid_json_chunks. Writes each list of tool calls, with
// the arguments as values, and at the end what a program would call; or the error.
const [sdk, baseURL, apiKey, options] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const say = (value) => console.log(JSON.stringify(value));
try {
  const stream = await openai.chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: "user", content: "The weather in Rome and Oslo." }],
    stream: true,
    stream_options: { valid_json_chunks: JSON.parse(options) },
  });
  for await (const chunk of stream) {
    for (const choice of chunk.choices) {
      const calls = choice.delta.tool_calls ?? [];
      for (const { index, id, function: fn } of calls) {
        const value = fn?.arguments == null ? null : JSON.parse(fn.arguments);
        say({ index, id: id ?? null, name: fn?.name ?? null, value });
      }
      if (!choice.finish_reason) continue;
      const ready = calls.filter((call) => call.json_status.complete);
      say({ run: ready.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]) });
      say({ statuses: calls.map((call) => call.json_status) });
    }
  }
} catch (error) {
  say({ status: error.status, param: error.param, message: error.message });
}
