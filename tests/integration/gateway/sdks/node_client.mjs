// posthog-node as a shop's backend would use it; prints the events that it reports as sent.
import { PostHog } from 'posthog-node'

const sent = []
const client = new PostHog(process.env.TOKEN, {
  host: process.env.HOST,
  flushAt: 20,
  flushInterval: 200,
  disableCompression: process.env.GZIP === '0',
})
client.on('flush', (events) => sent.push(...events.map(({ uuid, event }) => ({ uuid, event }))))
const errors = []
client.on('error', (error) => errors.push(String(error)))

for (let number = 0; number < Number(process.env.COUNT); number++) {
  client.capture({ distinctId: `node-${number % 7}`, event: 'Product Added', properties: { number, price: '9.99' } })
}
client.identify({ distinctId: 'node-1', properties: { $set: { plan: 'pro' }, $set_once: { first: 1 } } })
client.alias({ distinctId: 'node-1', alias: 'node-other' })
client.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { size: 3 } })
const flags = await client.getAllFlags('node-1')
await client.shutdown(30000)
console.log(JSON.stringify({ sent, errors, flags }))
