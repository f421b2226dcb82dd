import '@levin/accelerators/register'
import { type DeviceListing, listDevices } from '@levin/accelerators'
import { defineCommand } from 'citty'
import { type BrokenPackage, registerInstalledPlugins } from '../installed-plugins.js'

/** `levin devices` */
export const devices = defineCommand({
  meta: { name: 'devices', description: 'What can be trained on here, what cannot, and the line that makes it so' },
  args: { json: { type: 'boolean', description: 'Print JSON' } },
  async run({ args }) {
    const broken = await registerInstalledPlugins(process.cwd())
    const listings = [...(await listDevices()), ...broken.map(listBroken)]
    if (args.json) console.log(JSON.stringify(listings, null, 2))
    else for (const line of listings.flatMap(deviceLines)) console.log(line)
  },
})

const listBroken = ({ name, reason }: BrokenPackage): DeviceListing => ({
  name,
  usable: false,
  reason: `it cannot be imported: ${reason}`,
  remedy: `Install it again: npm install ${name}`,
})

function deviceLines(listing: DeviceListing): string[] {
  if (!listing.usable) return [`✗ ${listing.name}: ${listing.reason}`, `    ${listing.remedy}`]
  const { name, count, detail, automatic, use } = listing
  const facts = [
    count !== undefined && `${count} device${count === 1 ? '' : 's'}`,
    detail,
    automatic && "taken by 'auto'",
  ].filter(Boolean)
  return [`✓ ${name}${facts.length ? `: ${facts.join(', ')}` : ''}`, `    ${use}`]
}
