/** Set-ups with more between client and server than a link. */
import type { SetupInput } from '../../shared/experiment.ts'

type Link = Partial<SetupInput['links'][string]>

const way = { up: { delay: 100 }, down: { delay: 100 } }

/** client - switch - router - link - router - switch - server; `link` is the one in the middle. */
export function routedSetup(link: Link = {}, bytes = 100_000): SetupInput {
  return {
    ethernet: true,
    hosts: {
      client: { role: 'client', address: 10, gateway: 'west' },
      server: { role: 'server', network: 2, address: 20, gateway: 'east' },
    },
    switches: { office: {}, rack: {} },
    routers: {
      west: {
        interfaces: [
          { link: 'west-lan', network: 0, number: 1 },
          { link: 'link', network: 1, number: 1 },
        ],
        routes: [{ to: '10.77.2.0/24', via: 'east' }],
      },
      east: {
        interfaces: [
          { link: 'link', network: 1, number: 2 },
          { link: 'east-lan', network: 2, number: 1 },
        ],
        routes: [{ to: '0.0.0.0/0', via: 'west' }],
      },
    },
    links: {
      desk: { a: 'client', b: 'office', ...way },
      'west-lan': { a: 'office', b: 'west', ...way },
      link: { a: 'west', b: 'east', up: { delay: 5_000 }, down: { delay: 5_000 }, ...link },
      'east-lan': { a: 'east', b: 'rack', ...way },
      port: { a: 'rack', b: 'server', ...way },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  }
}

/** Hosts on one switch: client, server and a third. */
export function switchedSetup(link: Link = {}, bytes = 100_000): SetupInput {
  return {
    ethernet: true,
    hosts: { client: { role: 'client' }, server: { role: 'server' }, third: { role: 'client' } },
    switches: { office: {} },
    links: {
      link: { a: 'client', b: 'office', ...way, ...link },
      port: { a: 'office', b: 'server', ...way },
      other: { a: 'third', b: 'office', ...way },
    },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  }
}
