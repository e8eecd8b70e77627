/** Who sent the bytes of one direction of a connection. */
export type Side = 'client' | 'server'

export const SIDES: readonly Side[] = ['client', 'server']

export const otherSide = (side: Side): Side => (side === 'client' ? 'server' : 'client')

/** Something for each direction, by its sender. */
export type BySide<T> = Record<Side, T>

export const bySide = <T>(make: (side: Side) => T): BySide<T> => ({
  client: make('client'),
  server: make('server'),
})
