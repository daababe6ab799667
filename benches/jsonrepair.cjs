// One JSON string a line in; the repaired text as one JSON string a line out, null where it fails.
const { createInterface } = require('node:readline')
const { jsonrepair } = require('jsonrepair')

createInterface({ input: process.stdin }).on('line', (line) => {
  let repaired = null
  try {
    repaired = jsonrepair(JSON.parse(line))
  } catch {}
  process.stdout.write(JSON.stringify(repaired) + '\n')
})
