/** Packet number spaces (RFC 9000 12.3), in the order in which they come into use. */
export const SPACES = ['initial', 'handshake', 'application'] as const
export type SpaceName = (typeof SPACES)[number]
