// Deltas (a JSON array of strings) in; out, the nanoseconds of CPU for each with jsonriver, which
// gives the value after every delta: of a first reading, and of the best of some more.
import { readFileSync } from 'node:fs'
import { parse } from 'jsonriver'

const { deltas, rounds } = JSON.parse(readFileSync(0, 'utf8'))

async function* stream() {
  yield* deltas
}

let best = Infinity
let last
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage()
  for await (const value of parse(stream())) last = value
  const { user, system } = process.cpuUsage(before)
  best = Math.min(best, ((user + system) * 1000) / deltas.length)
}
if (JSON.stringify(last) !== JSON.stringify(JSON.parse(deltas.join('')))) throw new Error('wrong')
process.stdout.write(JSON.stringify({ ns: best }))
