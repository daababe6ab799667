// The SDK's own helpers join contents: they must be told so, not build nonsense.
const [sdk, baseURL, apiKey] = process.argv.slice(2);
const { default: OpenAI } = await import(sdk);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
try {
  const stream = openai.chat.completions.stream({
    model: "gpt-4o",
    messages: [],
    stream_options: { valid_json_chunks: true },
  });
  await stream.finalChatCompletion();
  console.log(JSON.stringify({ status: 200 }));
} catch (error) {
  console.log(JSON.stringify({ status: error.status, message: error.message }));
}
